// SPDX-License-Identifier: Apache-2.0
#include "loader/passes.h"

#include "base/text_writer.h"
#include "loader/decisions.h"
#include "loader/relro_copy.h"
#include "loader/report.h"
#include "loader/settings.h"
#include "loader/slots.h"
#include "loader/state.h"
#include "memseal/seal.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

// Static, like all tables here: dlopen may be called on a thread with a small
// stack.
constinit ObjectOutcome outcome_of_object;
constinit Requests requests;
constinit bool requests_fit = true;
constinit keeper::SealBatch *batch = nullptr;

/// Writes down what became of an object, and stops if that is not enough.
void record(std::string_view object, const ObjectOutcome &outcome,
            const ReportedSegment &segment = {}) {
  for (const PartOutcome &item : outcome.parts)
    state.sealed_something |= item.outcome.sealed();
  if (!state.first_shortfall.falls_short())
    state.first_shortfall = outcome.shortfall();
  if (!decided.options.report.empty()) {
    if (auto written = write_report(object, outcome, segment); !written)
      tell_unwritten(written.error());
  }
  Outcome shortfall = outcome.shortfall();
  if (decided.options.requirement == Requirement::required &&
      shortfall.falls_short()) {
    char why[256];
    TextWriter text(why);
    text.text(" is not sealed, but --require asks for it: ");
    text.text(sentence(shortfall));
    give_up(object, text.view());
  }
}

void record_slots(const Image &image) {
  const SlotsOutcome *slots = slots_of(image.map);
  if (slots == nullptr)
    return;
  if (slots->copies && slots->outcome.reason != Reason::refused) {
    outcome_of_object.clear();
    record(image.name, outcome_of_object,
           {.name = "slots", .range = slots->copies, .count = slots->moved});
  }
  if (slots->moved == slots->writable && slots->outcome.sealed())
    return;
  outcome_of_object.clear();
  outcome_of_object.whole = slots->outcome;
  record(
      image.name, outcome_of_object,
      {.name = "slots", .range = {}, .count = slots->writable - slots->moved});
}

void note_relro_of(const Image &image) {
  static constinit elf::Layout layout;
  if (!decided.options.segments.relro || !layout_of(image, layout))
    return;
  for (const elf::Part &part : layout.parts()) {
    if (part.kind == elf::PartKind::relro &&
        !(somebody_reads() &&
          sys::writability(part.range.begin()) == sys::Writability::writable))
      note_relro(part.range);
  }
}

}  // namespace

SealPass::SealPass() {
  using Calls = keeper::SealBatch::Calls;
  if (!decided.engine.has(Engine::keeper) || decided.obstacle != Reason::none)
    return;
  // A filter of somebody else may kill for what is no memory call.
  batch = &batch_.emplace(state.seccomp.filters == 1 ? Calls::any
                                                     : Calls::memory_only);
}

SealPass::~SealPass() {
  batch = nullptr;
}

bool somebody_reads() {
  return !decided.options.report.empty() ||
         decided.options.requirement == Requirement::required;
}

void leave(const Image &image, Reason reason) {
  if (!somebody_reads())
    return;
  leave_object(image, reason, outcome_of_object);
  record(image.name, outcome_of_object);
}

void leave_segment(std::string_view object, std::string_view segment,
                   Reason reason) {
  if (!somebody_reads())
    return;
  outcome_of_object.clear();
  outcome_of_object.whole = {.reason = reason};
  record(object, outcome_of_object, {.name = segment});
}

void seal_slots() {
  move_slots();
  for (PageRange copies : slot_copies()) {
    if (decided.engine.has(Engine::filter)) {
      if (!requests.push_back({copies, decided.options.types}))
        requests_fit = false;
    } else if (auto sealed = seal_pages(copies, decided.engine, batch);
               !sealed.sealed()) {
      slots_unsealed(copies, sealed);
    }
  }
}

Result<void> commit_requests() {
  Result<void> sealed = fail(Errc::capacity);
  if (requests_fit)
    sealed = seal(requests.view(), decided.engine);
  for (PageRange copies : slot_copies()) {
    if (!sealed)
      slots_unsealed(copies, {.reason = Reason::refused,
                              .sys_errno = sealed.error().to_errno()});
  }
  requests.clear();
  requests_fit = true;
  state.seccomp = sys::seccomp_state();  // that filter is ours
  return sealed;
}

void handle(const Image &image, Pass pass, const Result<void> &sealed) {
  const SegmentSet wanted = decided.options.segments;
  switch (pass) {
    case Pass::take_slots:
      return take_slots(image, decided.binder);
    case Pass::note_relro:
      return note_relro_of(image);
    case Pass::seal: {
      RelroCheck check =
          somebody_reads() ? RelroCheck::ask_kernel : RelroCheck::trust_loader;
      seal_object(image, wanted, check, decided.engine, batch,
                  outcome_of_object);
      record(image.name, outcome_of_object);
      return record_slots(image);
    }
    case Pass::collect:
      if (!collect_object(image, wanted, decided.options.types, requests))
        requests_fit = false;
      return;
    case Pass::conclude:
      conclude_object(image, wanted, sealed, outcome_of_object);
      record(image.name, outcome_of_object);
      return record_slots(image);
  }
}

}  // namespace memseal::loader
