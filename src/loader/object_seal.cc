// SPDX-License-Identifier: Apache-2.0
#include "loader/object_seal.h"

#include "sys/holes.h"
#include "sys/memory.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

Outcome refusal(Error error) {
  if (error.code == Errc::hole ||
      (error.code == Errc::system && error.sys_errno == ENOMEM))
    return {.reason = Reason::hole};
  if (error.code == Errc::capacity)
    return {.reason = Reason::table_full};
  if (error.code == Errc::unsupported)
    return {.reason = Reason::no_engine};
  // protocol.h, outside_the_zone.
  if (error.code == Errc::system && error.sys_errno == ERANGE)
    return {.reason = Reason::outside_zone};
  // S-10: only /proc can be missing.
  if (error.code == Errc::system && error.sys_errno == ENOENT)
    return {.reason = Reason::no_proc};
  return {.reason = Reason::refused, .sys_errno = error.to_errno()};
}

/// What can be told of a part before the kernel is asked.
Outcome expectation(const elf::Part &part, const Image &image,
                    SegmentSet wanted, RelroCheck check) {
  if (part.sealable() && !elf::is_among(part.kind, wanted))
    return {.reason = Reason::segment_left_out};
  switch (part.kind) {
    case elf::PartKind::data:
      return {.reason = Reason::writable_by_design};
    case elf::PartKind::gap:
      if (image.mapped_by == MappedBy::kernel || !sys::check_mapped(part.range))
        return {.reason = Reason::unmapped_gap};
      return {};
    case elf::PartKind::relro:
      if (check == RelroCheck::ask_kernel &&
          sys::writability(part.range.begin()) == sys::Writability::writable)
        return {.reason = Reason::relro_writable};
      return {};
    case elf::PartKind::text:
    case elf::PartKind::rodata:
      return {};
  }
  return {};
}

using Run = std::span<PartOutcome>;

PageRange extent_of(Run run) {
  PageRange first = run.front().part.range, last = run.back().part.range;
  return *PageRange::create(first.begin(), last.end() - first.begin(), 1);
}

/// memseal::seal would keep a register of it. Here the kernel keeps it, or the
/// keeper does; and the start of every program would pay.
Result<void> seal_range(PageRange range, Engine engine,
                        keeper::SealBatch *batch) {
  Result<void> kept;
  if (engine.has(Engine::keeper))
    kept = batch->seal(range);
  const bool outside = !kept && kept.error().code == Errc::system &&
                       kept.error().sys_errno == ERANGE;
  if (!kept && !outside)
    return kept;
  // Where the keeper cannot, the kernel's seal is better than none: not what
  // was asked for, and not told as that.
  if (engine.has(Engine::native))
    MEMSEAL_TRY_VOID(sys::mseal(range));
  return kept;
}

/// Seals parts that touch each other. If something inside is in the way, each
/// part has its own chance.
void seal_run(Run run, Engine engine, keeper::SealBatch *batch) {
  Result<void> sealed = seal_range(extent_of(run), engine, batch);
  if (sealed)
    return;
  for (PartOutcome &item : run) {
    if (run.size() > 1)
      sealed = seal_range(item.part.range, engine, batch);
    if (!sealed)
      item.outcome = refusal(sealed.error());
  }
}

/// Looks at the object, writes down what is to be expected of each part, and
/// hands each run of touching parts that are to be sealed to `handle`.
template <typename Handle>
void walk(const Image &image, SegmentSet wanted, RelroCheck check,
          ObjectOutcome &outcome, Handle handle) {
  static constinit elf::Layout layout;
  outcome.clear();
  if (auto found = layout_of(image, layout); !found) {
    outcome.whole = found.error();
    return;
  }
  for (const elf::Part &part : layout.parts())
    MEMSEAL_ASSERT(outcome.parts.push_back(
        {part, expectation(part, image, wanted, check)}));

  Run parts = outcome.parts.view();
  for (std::size_t begin = 0; begin < parts.size();) {
    std::size_t end = begin;
    while (end < parts.size() && parts[end].outcome.sealed())
      ++end;
    if (begin < end)
      handle(parts.subspan(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace

Outcome ObjectOutcome::shortfall() const {
  if (whole.falls_short())
    return whole;
  for (const PartOutcome &item : parts) {
    if (item.outcome.falls_short())
      return item.outcome;
  }
  return {};
}

void seal_object(const Image &image, SegmentSet wanted, RelroCheck check,
                 Engine engine, keeper::SealBatch *batch,
                 ObjectOutcome &outcome) {
  walk(image, wanted, check, outcome,
       [=](Run run) { seal_run(run, engine, batch); });
}

Outcome seal_pages(PageRange range, Engine engine, keeper::SealBatch *batch) {
  Result<void> sealed = seal_range(range, engine, batch);
  return sealed ? Outcome{} : refusal(sealed.error());
}

bool collect_object(const Image &image, SegmentSet wanted, SealTypes types,
                    Requests &requests) {
  static constinit ObjectOutcome expected;
  std::size_t before = requests.size();
  bool fits = true;
  walk(image, wanted, RelroCheck::ask_kernel, expected, [&](Run run) {
    fits = fits && requests.push_back({extent_of(run), types});
  });
  while (!fits && requests.size() > before)
    requests.pop_back();
  return fits;
}

void conclude_object(const Image &image, SegmentSet wanted,
                     const Result<void> &sealed, ObjectOutcome &outcome) {
  walk(image, wanted, RelroCheck::ask_kernel, outcome, [&](Run run) {
    for (PartOutcome &item : run) {
      if (!sealed)
        item.outcome = refusal(sealed.error());
    }
  });
}

void leave_object(const Image &image, Reason reason, ObjectOutcome &outcome) {
  static constinit elf::Layout layout;
  outcome.clear();
  if (auto found = layout_of(image, layout); !found) {
    // What nobody asked for is not judged.
    Outcome left{.reason = reason};
    outcome.whole = left.falls_short() ? found.error() : left;
    return;
  }
  for (const elf::Part &part : layout.parts()) {
    Reason why = part.sealable() ? reason : Reason::writable_by_design;
    MEMSEAL_ASSERT(outcome.parts.push_back({part, {.reason = why}}));
  }
}

}  // namespace memseal::loader
