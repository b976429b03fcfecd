// SPDX-License-Identifier: Apache-2.0
#include "tracer/seal_plan.h"

#include <algorithm>

#include "tracer/loaded_object.h"
#include "vm/maps_parser.h"

namespace memseal::tracer {
namespace {

using report::Reason;

class Planner {
public:
  Planner(const process::Mappings &space, Moment moment, SegmentSet segments)
      : space_(space), moment_(moment), segments_(segments) {}

  void add_object(const LoadedObject &object) {
    std::string name(object.first->name);
    for (const elf::Part &part : object.layout.parts()) {
      if (!part.sealable())
        continue;
      if (!elf::is_among(part.kind, segments_)) {
        leave_out(elf::name(part.kind), name, {Reason::segment_left_out});
        continue;
      }
      if (part.kind == elf::PartKind::relro && moment_ == Moment::exec)
        continue;
      if (part.kind != elf::PartKind::relro && object.has_text_relocations) {
        // Even of a running process nobody knows whether it is done.
        leave_out(elf::name(part.kind), name,
                  {Reason::flawed, elf::Flaw::text_relocations});
        continue;
      }
      add_part(object, part, name);
    }
  }

  void add_vdso(const Mapping &mapping) {
    add_special(mapping, "vdso", "[vdso]", segments_.text);
  }

  /// What the vdso reads: [vvar] and [vvar_vclock], which are one to the user.
  void add_vvar(const Mapping &mapping) {
    add_special(mapping, "vvar", "[vvar]", segments_.rodata);
  }

  void leave_out(std::string segment, std::string object,
                 report::Outcome outcome) {
    plan_.left_out.push_back({std::move(segment), std::move(object), outcome});
  }

  SealPlan take() { return std::move(plan_); }

private:
  void add_special(const Mapping &mapping, const char *segment,
                   const char *object, bool wanted) {
    if (!wanted)
      return leave_out(segment, object, {Reason::segment_left_out});
    plan_.ranges.push_back({mapping.range, segment, object, mapping.seal});
  }

  void add_part(const LoadedObject &object, const elf::Part &part,
                const std::string &name) {
    for (const Mapping &mapping : space_.overlapping(part.range)) {
      bool is_gap = part.kind == elf::PartKind::gap;
      if (!object.maps(mapping) && (mapping.inode != 0 || is_gap))
        continue;  // somebody else moved in
      if (mapping.protection.writable()) {
        leave_out(elf::name(part.kind), name, {Reason::writable_now});
        continue;
      }
      if (is_gap && !mapping.protection.none())
        continue;
      plan_.ranges.push_back({mapping.range.intersection(part.range),
                              elf::name(part.kind), name, mapping.seal});
    }
  }

  const process::Mappings &space_;
  Moment moment_;
  SegmentSet segments_;
  SealPlan plan_;
};

}  // namespace

SealPlan plan_seals(const process::Mappings &space,
                    const process::RemoteMemory &memory, Moment moment,
                    const Wanted &wanted) {
  Planner planner(space, moment, wanted.segments);
  for (const Mapping &mapping : space.mappings()) {
    NameKind kind = kind_of_name(mapping.name);
    if (kind == NameKind::vdso && wanted.object("[vdso]"))
      planner.add_vdso(mapping);
    if (kind == NameKind::vvar && wanted.object("[vvar]"))
      planner.add_vvar(mapping);
    if (kind != NameKind::file)
      continue;
    auto object = loaded_object_at(space, memory, mapping);
    if (!object) {
      planner.leave_out("", std::string(mapping.name),
                        {Reason::flawed, object.error()});
    } else if (*object && wanted.object(path_of_name(mapping.name))) {
      planner.add_object(**object);
    }
  }
  return planner.take();
}

std::vector<PageRange> relro_of(const process::Mappings &space,
                                const process::RemoteMemory &memory,
                                Address inside) {
  std::vector<PageRange> found;
  if (auto object = loaded_object_around(space, memory, inside)) {
    for (const elf::Part &part : object->layout.parts()) {
      if (part.kind == elf::PartKind::relro)
        found.push_back(part.range);
    }
  }
  return found;
}

std::vector<PageRange> SealPlan::calls() const {
  std::vector<PageRange> sorted;
  for (const PlannedRange &planned : ranges) {
    if (planned.seal != KernelSeal::present)
      sorted.push_back(planned.range);
  }
  std::ranges::sort(sorted, {}, &PageRange::begin);
  std::vector<PageRange> merged;
  for (PageRange range : sorted) {
    if (merged.empty() || !merged.back().touches(range)) {
      merged.push_back(range);
      continue;
    }
    // Both are whole pages and touch, so their hull is a range too.
    Address begin = merged.back().begin();
    Address end = std::max(merged.back().end(), range.end());
    merged.back() = *PageRange::covering(begin, end - begin, 1);
  }
  return merged;
}

std::size_t SealPlan::bytes() const {
  std::size_t total = 0;
  for (const PlannedRange &planned : ranges)
    total += planned.range.size();
  return total;
}

}  // namespace memseal::tracer
