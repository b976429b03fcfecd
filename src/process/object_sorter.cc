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
  ObjectSorter(std::span<const FilterSeal> claims, Marks marks,
               const FindObject &find_object)
      : claims_(claims), marks_(marks), find_object_(find_object) {}

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

  /// Cut once more, where claimed filter seals begin and end. Ranges come in
  /// ascending order, so claims below one concern none that is to come.
  void add(const Mapping &mapping, PageRange range, SegmentKind kind) {
    while (!claims_.empty() && claims_.front().range.end() <= range.begin())
      claims_ = claims_.subspan(1);
    Address at = range.begin();
    for (const FilterSeal &claim : claims_) {
      if (claim.range.begin() >= range.end())
        break;
      if (at < claim.range.begin())
        add_segment(mapping, at, claim.range.begin(), kind, nullptr);
      at = std::max(at, claim.range.begin());
      Address end = std::min(claim.range.end(), range.end());
      add_segment(mapping, at, end, kind, &claim);
      at = end;
    }
    if (at < range.end())
      add_segment(mapping, at, range.end(), kind, nullptr);
  }

  void add_segment(const Mapping &mapping, Address begin, Address end,
                   SegmentKind kind, const FilterSeal *claim) {
    objects_.back().segments.push_back(
        {.range = *PageRange::create(begin, end - begin, 1),
         .protection = mapping.protection,
         .sharing = mapping.sharing,
         .kind = kind,
         .anonymous = is_anonymous(mapping),
         .native = mapping.seal == KernelSeal::present,
         .filter = claim != nullptr ? claim->types : SealTypes{},
         .downgradable = claim != nullptr && claim->downgradable,
         .marked = mapping.marked,
         .kept = mapping.marked && marks_ == Marks::are_kept});
  }

  std::span<const FilterSeal> claims_;  ///< those that do not lie behind us
  Marks marks_;
  const FindObject &find_object_;
  std::optional<elf::Layout> layout_;
  std::vector<Object> objects_;
};

}  // namespace

std::vector<Object> sort_into_objects(const Mappings &mappings,
                                      std::span<const FilterSeal> claims,
                                      Marks marks,
                                      const FindObject &find_object) {
  ObjectSorter sorter(claims, marks, find_object);
  for (const Mapping &mapping : mappings.mappings())
    sorter.take(mapping);
  return sorter.finish();
}

}  // namespace memseal::process
