// SPDX-License-Identifier: Apache-2.0
#include "faults/description_libc.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <new>

#include "arena/arena.h"
#include "base/text_writer.h"
#include "elf/headers.h"
#include "seal/register.h"
#include "seal/seal_sites.h"
#include "sys/maps_reader.h"

namespace memseal {
namespace {

constinit std::array<char, 4096> paragraph = {};

/// A reader in static memory: it is too large for the stack of a handler.
class StaticReader {
public:
  explicit StaticReader(sys::ReadSeals seals)
      : reader_(new (memory) sys::MapsReader(sys::MapsReader::of_self(seals))) {
  }
  StaticReader(const StaticReader &) = delete;
  StaticReader &operator=(const StaticReader &) = delete;
  ~StaticReader() { reader_->~MapsReader(); }

  /// The next mapping that can be read; nothing at the end.
  std::optional<Mapping> next() {
    for (;;) {
      auto mapping = reader_->next();
      if (mapping)
        return *mapping;
      if (mapping.error().code != Errc::malformed)
        return std::nullopt;
    }
  }

private:
  alignas(sys::MapsReader) static char memory[sizeof(sys::MapsReader)];
  sys::MapsReader *reader_;
};
alignas(sys::MapsReader) char StaticReader::memory[sizeof(sys::MapsReader)];

/// The address that the file's own tables, and so addr2line, know: of a byte at
/// `offset` of an object whose first page is mapped at `header`.
Address address_in_file(Address header, std::uint64_t offset) {
  elf::Bytes page(reinterpret_cast<const std::byte *>(header), 4096);
  auto headers = elf::read_program_headers(page);
  if (!headers)
    return offset;
  for (std::size_t i = 0; i < headers->size(); ++i) {
    auto part = (*headers)[i];
    // p_offset begins inside of the first page that is mapped for the part.
    std::uint64_t first = part.p_offset & ~std::uint64_t{4095};
    if (part.p_type == PT_LOAD && first <= offset &&
        offset < part.p_offset + part.p_filesz)
      return part.p_vaddr - part.p_offset + offset;
  }
  return offset;
}

/// FILE+OFFSET, as addr2line(1) takes it, or what else is known of the place.
void write_place(TextWriter &out, Address code) {
  StaticReader maps(sys::ReadSeals::without);
  Address header = 0;
  std::uint64_t inode = 0;
  while (auto mapping = maps.next()) {
    if (mapping->inode != 0 && mapping->offset == 0 &&
        mapping->protection.readable()) {
      header = mapping->range.begin();
      inode = mapping->inode;
    }
    if (!mapping->range.contains(code))
      continue;
    std::uint64_t offset = mapping->offset + (code - mapping->range.begin());
    if (mapping->inode == 0) {
      out.text("code at ").hex(code);
      if (!mapping->name.empty())
        out.text(" of ").printable(mapping->name);
      return;
    }
    if (inode == mapping->inode)
      offset = address_in_file(header, offset);
    out.printable(mapping->name).text("+").hex(offset);
    return;
  }
  out.text("code at ").hex(code).text(", which is not mapped");
}

void write_owner(TextWriter &out, const Fault &fault,
                 const std::optional<SealSite> &site, const Mapping &mapping) {
  if (const Arena *arena = Arena::find(fault.at)) {
    Address begin = arena->reservation().begin();
    out.text("byte ").decimal(fault.at - begin).text(" of the arena at ");
    out.hex(begin);
    return;
  }
  SealedThing thing = site ? site->thing : SealedThing::pages;
  if (thing == SealedThing::secret) {
    out.text("a secret, or the pages around it, at ").hex(site->begin);
  } else if (mapping.inode != 0) {
    out.text(thing == SealedThing::variables
                 ? "a MEMSEAL_RO_AFTER_INIT variable of "
                 : "the object ");
    out.printable(mapping.name);
  } else if (thing == SealedThing::variables) {
    out.text("a MEMSEAL_RO_AFTER_INIT variable");
  } else {
    Address begin = site ? site->begin : mapping.range.begin();
    out.text("byte ").decimal(fault.at - begin).text(" of the memory at ");
    out.hex(begin);
    if (!mapping.name.empty())
      out.text(" (").printable(mapping.name).text(")");
  }
}

void write_thread(TextWriter &out) {
  std::array<char, 17> name = {};
  (void)sys::call(SYS_prctl, PR_GET_NAME, name.data());
  out.text("thread ").decimal(
      static_cast<std::uint64_t>(sys::call(SYS_gettid).raw));
  out.text(" (").printable(name.data()).text(")");
}

bool is_sealed(Address at, const Mapping &mapping) {
  if (mapping.seal == KernelSeal::present)
    return true;
  const RegisterHeader *header = find_register();
  return header != nullptr && read_entry(*header, at).types != 0;
}

/// Finds the mapping; `act` gets it while its name is valid.
template <typename Act>
void with_mapping(Address at, Act act) {
  StaticReader maps(sys::ReadSeals::with_seals);
  while (auto mapping = maps.next()) {
    if (mapping->range.contains(at))
      return act(*mapping);
    if (mapping->range.begin() > at)
      return;
  }
}

}  // namespace

std::string_view describe_fault(const Fault &fault) {
  TextWriter out({paragraph.data(), paragraph.size() - 1});
  bool sealed = false;
  auto site = find_seal_site(fault.at);
  with_mapping(fault.at, [&](const Mapping &mapping) {
    sealed = is_sealed(fault.at, mapping);
    if (!sealed)
      return;
    write_thread(out.text("memseal: "));
    out.text(fault.access == Access::write ? " wrote to " : " touched ");
    out.hex(fault.at).text(", which is sealed:\n  it is     ");
    write_owner(out, fault, site, mapping);
  });
  if (!sealed)
    return {};
  out.text("\n  sealed by ");
  if (site)
    write_place(out, site->caller);
  else
    out.text("somebody else, or before memseal_explain_faults was called");
  out.text(fault.access == Access::write ? "\n  written by "
                                         : "\n  touched by ");
  write_place(out, fault.instruction);
  std::size_t size = out.view().size();
  paragraph[size] = '\n';
  return {paragraph.data(), size + 1};
}

}  // namespace memseal
