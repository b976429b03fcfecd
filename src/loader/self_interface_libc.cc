// SPDX-License-Identifier: Apache-2.0
// memseal_self and memseal_object: sealing loaded objects from inside a program
// that runs already. The C library tells which objects there are, so this file
// is not part of the freestanding core.
#include <link.h>
#include <sys/auxv.h>

#include <cerrno>
#include <optional>

#include "elf/dynamic.h"
#include "elf/layout.h"
#include "memseal/memseal.h"
#include "memseal/seal.h"
#include "seal/engine_flags.h"
#include "seal/seal_sites.h"
#include "sys/holes.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"
#include "sys/page_state.h"
#include "sys/vvar.h"

namespace memseal {
namespace {

std::optional<elf::Layout> layout_of(const dl_phdr_info &info) {
  auto table = std::as_bytes(std::span(info.dlpi_phdr, info.dlpi_phnum));
  auto headers = elf::ProgramHeaders::create(table, info.dlpi_phnum);
  if (!headers)
    return std::nullopt;
  auto layout = elf::Layout::create(
      *headers, {.bias = info.dlpi_addr, .page = sys::page_size()});
  if (!layout)
    return std::nullopt;
  return *layout;
}

bool has_text_relocations(const elf::Layout &layout) {
  if (layout.dynamic_size() == 0)
    return false;
  elf::Bytes bytes(reinterpret_cast<const std::byte *>(layout.dynamic_begin()),
                   layout.dynamic_size());
  return elf::DynamicSection(bytes).has_text_relocations();
}

/// Whether a part is there, and is as its kind promises.
bool deserves_a_seal(const elf::Part &part) {
  switch (part.kind) {
    case elf::PartKind::data:
      return false;
    case elf::PartKind::gap:  // the kernel leaves the program's unmapped
      return sys::check_mapped(part.range).has_value();
    case elf::PartKind::relro:
      return sys::writability(part.range.begin()) != sys::Writability::writable;
    case elf::PartKind::text:
    case elf::PartKind::rodata:
      return true;
  }
  return false;
}

/// Collects while the loader's lock is held, so that no object vanishes, and
/// seals after it, so that a commit never waits for that lock.
struct Collection {
  Address inside = 0;  ///< 0: every object
  Batch batch{};
  int left_out = 0, found = 0;
  std::optional<Error> error{};

  static int visit(dl_phdr_info *info, std::size_t, void *self) {
    return static_cast<Collection *>(self)->add(*info) ? 0 : 1;
  }

  bool add(const dl_phdr_info &info) {
    auto layout = layout_of(info);
    if (!layout) {
      left_out += inside == 0 ? 1 : 0;
      return true;
    }
    if (inside != 0 && !layout->extent().contains(inside))
      return true;
    ++found;
    if (has_text_relocations(*layout)) {
      ++left_out;
      return true;
    }
    for (const elf::Part &part : layout->parts()) {
      if (!deserves_a_seal(part))
        continue;
      if (auto added = batch.add({.range = part.range}); !added) {
        error = added.error();
        return false;
      }
    }
    return true;
  }

  /// It is in no list of objects.
  void add_vvar() {
    auto vvar =
        sys::find_vvar(getauxval(AT_SYSINFO_EHDR), sys::VvarSearch::by_maps);
    if (!vvar || error)
      return;
    if (auto added = batch.add({.range = *vvar}); !added)
      error = added.error();
  }
};

int fail_with(int why) {
  errno = why;
  return -1;
}

int seal_objects(Address inside, unsigned flags, const void *return_address) {
  if ((flags & ~MEMSEAL_ENGINES) != 0)
    return fail_with(EINVAL);
  Collection collection{.inside = inside};
  dl_iterate_phdr(Collection::visit, &collection);
  if (inside == 0)
    collection.add_vvar();
  if (collection.error)
    return fail_with(collection.error->to_errno());
  if (inside != 0 && collection.found == 0)
    return fail_with(EINVAL);
  if (inside != 0 && collection.left_out != 0)
    return fail_with(EOPNOTSUPP);
  sys::OwnedList<PageRange> sealed_ranges;
  for (const SealRequest &request : collection.batch.requests())
    (void)sealed_ranges.push_back(request.range);
  if (auto sealed = collection.batch.commit(engine_of(flags)); !sealed)
    return fail_with(sealed.error().to_errno());
  for (PageRange range : sealed_ranges.view())
    note_seal(range, SealedThing::object, return_address);
  return collection.left_out;
}

}  // namespace
}  // namespace memseal

int memseal_self(unsigned flags) {
  return memseal::seal_objects(0, flags, __builtin_return_address(0));
}

int memseal_object(const void *inside, unsigned flags) {
  if (inside == nullptr)
    return memseal::fail_with(EINVAL);
  return memseal::seal_objects(reinterpret_cast<memseal::Address>(inside),
                               flags, __builtin_return_address(0));
}
