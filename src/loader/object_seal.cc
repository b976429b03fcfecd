// SPDX-License-Identifier: Apache-2.0
#include "loader/object_seal.h"

#include "sys/memory.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

Outcome refusal(Error error) {
  if (error.code == Errc::hole ||
      (error.code == Errc::system && error.sys_errno == ENOMEM))
    return {.reason = Reason::hole};
  if (error.code == Errc::unsupported)
    return {.reason = Reason::no_engine};
  return {.reason = Reason::refused, .sys_errno = error.to_errno()};
}

/// What can be told of a part before the kernel is asked.
Outcome expectation(const elf::Part &part, const Image &image,
                    RelroCheck check) {
  switch (part.kind) {
    case elf::PartKind::data:
      return {.reason = Reason::writable_by_design};
    case elf::PartKind::gap:
      if (image.mapped_by == MappedBy::kernel)
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

// mseal(2) needs no register of seals: the kernel keeps it, and nothing in this
// process will ask the module. The start of every program would pay for one.
Result<void> seal_range(PageRange range, Engine engine) {
  if (engine == Engine::native)
    return sys::mseal(range);
  SealRequest request{.range = range};
  return seal({&request, 1}, engine);
}

/// Seals parts that touch each other. If something inside is in the way, each
/// part has its own chance.
void seal_run(std::span<PartOutcome> run, Engine engine) {
  PageRange first = run.front().part.range, last = run.back().part.range;
  PageRange whole =
      *PageRange::create(first.begin(), last.end() - first.begin(), 1);
  Result<void> sealed = seal_range(whole, engine);
  if (sealed)
    return;
  for (PartOutcome &item : run) {
    if (run.size() > 1)
      sealed = seal_range(item.part.range, engine);
    if (!sealed)
      item.outcome = refusal(sealed.error());
    if (item.part.kind == elf::PartKind::gap &&
        item.outcome.reason == Reason::hole)
      item.outcome = {.reason = Reason::unmapped_gap};
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

ObjectOutcome seal_object(const Image &image, Engine engine, RelroCheck check) {
  ObjectOutcome result;
  auto layout = layout_of(image, sys::page_size());
  if (!layout) {
    result.whole = layout.error();
    return result;
  }
  for (const elf::Part &part : layout->parts())
    MEMSEAL_ASSERT(
        result.parts.push_back({part, expectation(part, image, check)}));

  std::span<PartOutcome> parts = result.parts.view();
  for (std::size_t begin = 0; begin < parts.size();) {
    std::size_t end = begin;
    while (end < parts.size() && parts[end].outcome.sealed())
      ++end;
    if (begin < end)
      seal_run(parts.subspan(begin, end - begin), engine);
    begin = end + 1;
  }
  return result;
}

ObjectOutcome leave_object(const Image &image, Reason reason) {
  ObjectOutcome result;
  auto layout = layout_of(image, sys::page_size());
  if (!layout) {
    // What nobody asked for is not judged.
    Outcome left{.reason = reason};
    result.whole = left.falls_short() ? layout.error() : left;
    return result;
  }
  for (const elf::Part &part : layout->parts()) {
    Reason why = part.sealable() ? reason : Reason::writable_by_design;
    MEMSEAL_ASSERT(result.parts.push_back({part, {.reason = why}}));
  }
  return result;
}

}  // namespace memseal::loader
