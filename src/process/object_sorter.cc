// SPDX-License-Identifier: Apache-2.0
#include "process/object_sorter.h"

#include <algorithm>

#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

/// What memory outside loaded objects is.
SegmentKind kind_of(const Mapping &mapping) {
  switch (kind_of_name(mapping.name)) {
    case NameKind::heap:
      return SegmentKind::heap;
    case NameKind::stack:
      return SegmentKind::stack;
    case NameKind::vdso:
      return SegmentKind::vdso;
    case NameKind::vvar:
      return SegmentKind::vvar;
    case NameKind::vsyscall:
      return SegmentKind::kernel;
    default:
      break;
  }
  bool has_file = mapping.inode != 0;
  if (mapping.protection.executable())
    return has_file && !mapping.protection.writable() &&
                   !mapping.name.starts_with("/memfd:")
               ? SegmentKind::text
               : SegmentKind::jit;
  if (mapping.sharing == Sharing::shared && mapping.protection.writable())
    return SegmentKind::shared;
  if (has_file)
    return SegmentKind::file;
  return mapping.protection.none() ? SegmentKind::reserved
                                   : SegmentKind::anonymous;
}

/// The kernel's own mappings have a name, and are not.
bool is_anonymous(const Mapping &mapping) {
  return mapping.inode == 0 && mapping.sharing == Sharing::private_copy &&
         (mapping.name.empty() || mapping.name.starts_with("[anon:"));
}

SegmentKind kind_of(elf::PartKind part) {
  switch (part) {
    case elf::PartKind::text:
      return SegmentKind::text;
    case elf::PartKind::rodata:
      return SegmentKind::rodata;
    case elf::PartKind::relro:
      return SegmentKind::relro;
    case elf::PartKind::gap:
      return SegmentKind::gap;
    case elf::PartKind::data:
      return SegmentKind::data;
  }
  return SegmentKind::data;
}

class ObjectSorter {
public:
  ObjectSorter(std::span<const FilterSeal> claims,
               std::span<const PageRange> kept, const FindObject &find_object)
      : claims_(claims), kept_(kept), find_object_(find_object) {}

  void take(const Mapping &mapping) {
    if (!layout_ || !layout_->extent().contains(mapping.range))
      open_object(mapping);
    if (!layout_) {
      add(mapping, mapping.range, kind_of(mapping));
      return;
    }
    // Cut where parts of the object meet.
    for (const elf::Part &part : layout_->parts()) {
      if (!part.range.overlaps(mapping.range))
        continue;
      SegmentKind kind = kind_of(part.kind);
      // Something else may have been put between the segments.
      if (kind == SegmentKind::gap && !mapping.protection.none())
        kind = kind_of(mapping);
      add(mapping, part.range.intersection(mapping.range), kind);
    }
  }

  std::vector<Object> finish() { return std::move(objects_); }

private:
  enum class Kept : std::uint8_t { no, yes };

  void open_object(const Mapping &mapping) {
    FoundObject found;
    if (mapping.inode != 0 && mapping.name.starts_with('/') &&
        mapping.sharing == Sharing::private_copy)
      found = find_object_(mapping);
    layout_ = found.layout;
    std::string title =
        mapping.name.empty() ? "[anonymous]" : plain_name(mapping);
    if (layout_ || objects_.empty() || objects_.back().is_elf ||
        objects_.back().name != title)
      objects_.push_back({.name = std::move(title),
                          .note = std::move(found.note),
                          .is_elf = layout_.has_value(),
                          .segments = {}});
  }

  /// Cut once more, where a keeper's seals begin and end. Ranges come in
  /// ascending order, so what lies below one concerns none that is to come.
  void add(const Mapping &mapping, PageRange range, SegmentKind kind) {
    while (!kept_.empty() && kept_.front().end() <= range.begin())
      kept_ = kept_.subspan(1);
    Address at = range.begin();
    for (PageRange kept : kept_) {
      if (kept.begin() >= range.end())
        break;
      // The kernel does not split its own mappings (mm/mmap.c,
      // special_mapping_split): who keeps a part keeps all.
      if (kind == SegmentKind::vdso)
        kept = range;
      if (at < kept.begin())
        add_unlike(mapping, at, kept.begin(), kind, Kept::no);
      at = std::max(at, kept.begin());
      Address end = std::min(kept.end(), range.end());
      if (at < end)
        add_unlike(mapping, at, end, kind, Kept::yes);
      at = end;
    }
    if (at < range.end())
      add_unlike(mapping, at, range.end(), kind, Kept::no);
  }

  /// Cut where claimed filter seals begin and end.
  void add_unlike(const Mapping &mapping, Address begin, Address end_of_range,
                  SegmentKind kind, Kept kept) {
    PageRange range = *PageRange::create(begin, end_of_range - begin, 1);
    while (!claims_.empty() && claims_.front().range.end() <= range.begin())
      claims_ = claims_.subspan(1);
    Address at = range.begin();
    for (const FilterSeal &claim : claims_) {
      if (claim.range.begin() >= range.end())
        break;
      if (at < claim.range.begin())
        add_segment(mapping, at, claim.range.begin(), kind, kept, nullptr);
      at = std::max(at, claim.range.begin());
      Address end = std::min(claim.range.end(), range.end());
      add_segment(mapping, at, end, kind, kept, &claim);
      at = end;
    }
    if (at < range.end())
      add_segment(mapping, at, range.end(), kind, kept, nullptr);
  }

  void add_segment(const Mapping &mapping, Address begin, Address end,
                   SegmentKind kind, Kept kept, const FilterSeal *claim) {
    objects_.back().segments.push_back(
        {.range = *PageRange::create(begin, end - begin, 1),
         .protection = mapping.protection,
         .sharing = mapping.sharing,
         .kind = kind,
         .anonymous = is_anonymous(mapping),
         .native = mapping.seal == KernelSeal::present,
         .filter = claim != nullptr ? claim->types : SealTypes{},
         .downgradable = claim != nullptr && claim->downgradable,
         .kept = kept == Kept::yes});
  }

  std::span<const FilterSeal> claims_;  ///< those that do not lie behind us
  std::span<const PageRange> kept_;     ///< likewise
  const FindObject &find_object_;
  std::optional<elf::Layout> layout_;
  std::vector<Object> objects_;
};

}  // namespace

std::vector<Object> sort_into_objects(const Mappings &mappings,
                                      std::span<const FilterSeal> claims,
                                      std::span<const PageRange> kept,
                                      const FindObject &find_object) {
  ObjectSorter sorter(claims, kept, find_object);
  for (const Mapping &mapping : mappings.mappings())
    sorter.take(mapping);
  return sorter.finish();
}

}  // namespace memseal::process
