// SPDX-License-Identifier: Apache-2.0
#include "process/loaded_object.h"

#include <elf.h>

#include <algorithm>
#include <vector>

#include "elf/headers.h"
#include "sys/memory.h"

namespace memseal::process {
namespace {

// Linkers make about a dozen; a process that claims more costs us no more.
constexpr std::size_t most_headers = 256;

/// The program headers of a file, with the bytes they lie in.
struct Headers {
  std::vector<std::byte> bytes{};
  elf::ProgramHeaders table{};
};

Refusable<Headers, elf::Flaw> read_headers(const ReadObject &read) {
  std::byte first[sizeof(Elf64_Ehdr)];
  if (!read(0, first))
    return refuse(elf::Flaw::not_elf);
  Elf64_Ehdr header = MEMSEAL_TRY(elf::read_header(first));
  if (header.e_phnum > most_headers)
    return refuse(elf::Flaw::too_many_headers);
  Headers headers;
  headers.bytes.resize(header.e_phnum * sizeof(Elf64_Phdr));
  if (!read(header.e_phoff, headers.bytes))
    return refuse(elf::Flaw::headers_outside);
  headers.table =
      MEMSEAL_TRY(elf::ProgramHeaders::create(headers.bytes, header.e_phnum));
  return headers;
}

/// One PT_LOAD, in pages of memory.
struct Segment {
  Address begin, end;
  std::uint64_t offset;  ///< of `begin`, in the file
};

class Judge {
public:
  Judge(const Mappings &space, const elf::ProgramHeaders &table,
        const LoadedObject &object, Address bias, std::size_t page)
      : space_(space), object_(object) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      Elf64_Phdr load = table[i];
      if (load.p_type != PT_LOAD || load.p_memsz == 0)
        continue;
      Address begin = bias + load.p_vaddr;
      segments_.push_back({begin & ~(page - 1), begin + load.p_memsz,
                           load.p_offset & ~(page - 1)});
    }
  }

  std::optional<Loading> judge() const {
    bool has_text = false, text_runs = false, whole = true;
    bool has_others = false, others_in_place = false;
    for (const elf::Part &part : object_.layout.parts()) {
      if (part.kind == elf::PartKind::gap)
        continue;
      bool in_place = is_in_place(part), as_it_should_be = in_place;
      const Mapping *there = space_.find(part.range.begin());
      if (part.kind == elf::PartKind::text) {
        has_text = true;
        as_it_should_be = in_place && there->protection.executable();
        text_runs = text_runs || as_it_should_be;
      } else if (part.kind == elf::PartKind::data) {
        as_it_should_be = in_place && there->protection.writable();
      }
      whole = whole && as_it_should_be;
      if (segment_of(part) != segment_of(object_.layout.parts().front())) {
        has_others = true;
        others_in_place = others_in_place || in_place;
      }
    }
    if (has_text && !text_runs)
      return std::nullopt;
    if (whole)
      return Loading::wholly;
    return has_others && !others_in_place ? std::nullopt
                                          : std::optional(Loading::partly);
  }

private:
  const Segment *segment_of(const elf::Part &part) const {
    Address at = part.range.begin();
    auto found = std::ranges::find_if(segments_, [=](const Segment &segment) {
      return segment.begin <= at && at < segment.end;
    });
    return found == segments_.end() ? nullptr : &*found;
  }

  /// Whether the pages are those of the file that should be there, or belong to
  /// no file: zeros behind its end, or a copy on huge pages.
  bool is_in_place(const elf::Part &part) const {
    Address at = part.range.begin();
    const Mapping *there = space_.find(at);
    const Segment *segment = segment_of(part);
    if (there == nullptr || segment == nullptr)
      return false;
    return there->inode == 0 || (object_.maps(*there) &&
                                 there->offset + (at - there->range.begin()) ==
                                     segment->offset + (at - segment->begin));
  }

  const Mappings &space_;
  const LoadedObject &object_;
  std::vector<Segment> segments_;
};

}  // namespace

bool LoadedObject::maps(const Mapping &mapping) const {
  return mapping.same_file(*first);
}

Refusable<std::optional<LoadedObject>, elf::Flaw> recognise(
    const Mappings &space, const Mapping &first, std::size_t page,
    const ReadObject &read) {
  auto headers = read_headers(read);
  if (!headers && headers.error() == elf::Flaw::not_elf)
    return std::nullopt;
  if (!headers)
    return refuse(headers.error());
  Elf64_Phdr load = headers->table.first(PT_LOAD);
  if (load.p_type != PT_LOAD || (load.p_offset & ~(page - 1)) != first.offset)
    return std::nullopt;
  elf::Placement placement = elf::placement_of(headers->table, first, page);
  LoadedObject object{
      .first = &first,
      .layout = MEMSEAL_TRY(elf::Layout::create(headers->table, placement)),
      .has_interpreter = headers->table.has(PT_INTERP)};
  auto loading =
      Judge(space, headers->table, object, placement.bias, page).judge();
  if (!loading)
    return std::nullopt;
  object.loading = *loading;
  return object;
}

Refusable<std::optional<LoadedObject>, elf::Flaw> recognise_in_memory(
    const Mappings &space, const Mapping &first, const RemoteMemory &memory) {
  // What is in memory at `first` is in the file at 0 only then.
  if (first.inode == 0 || first.offset != 0 || !first.protection.readable())
    return std::nullopt;
  return recognise(
      space, first, sys::page_size(),
      [&](std::uint64_t offset, std::span<std::byte> out) {
        return offset <= first.range.size() &&
               out.size() <= first.range.size() - offset &&
               memory.read({first.range.begin() + offset}, out).has_value();
      });
}

}  // namespace memseal::process
