// SPDX-License-Identifier: Apache-2.0
// Libraries that dlopen brings: they are announced when they are mapped, and
// may be sealed when they are relocated.
#include "base/inline_vector.h"
#include "loader/constructor_trampoline.h"
#include "loader/decisions.h"
#include "loader/object_seal.h"
#include "loader/passes.h"
#include "loader/pin.h"
#include "loader/relro_copy.h"
#include "loader/selection.h"
#include "loader/session.h"
#include "loader/slots.h"
#include "loader/state.h"
#include "sys/memory.h"
#include "sys/page_state.h"
#include "sys/seccomp_state.h"

namespace memseal::loader {
namespace {

struct Pending {
  LinkMap *map;
  long lmid;
};

/// Whether a library was ever on its way. At exit every object is announced as
/// closing; most programs need not touch the tables for that.
constinit bool tables_used = false;
/// Libraries on their way from being mapped to being sealed.
using Batch = InlineVector<Pending, 512>;
constinit Batch pending;
/// Those that are being sealed. Static, like all tables here: dlopen may be
/// called on a thread with a small stack.
constinit Batch in_hand;
/// Those of them that nothing stands in the way of.
constinit Batch collected;
/// Of the library that is being looked at.
constinit elf::Layout layout;

/// Whether nothing will be sealed late, whatever comes.
bool inert() {
  return decided.obstacle != Reason::none ||
         decided.options.dlopen == DlopenPolicy::skip;
}

/// Whether there is a filter now that was not asked about mseal(2); asking with
/// threads running could end the process. Without /proc it cannot be known.
bool filter_came() {
  sys::SeccompState now = sys::seccomp_state();
  // Where there is none, their number is known without being told.
  bool same = now == state.seccomp || (now.none() && state.seccomp.none());
  return now.mode < 0 || !same;
}

Reason late_obstacle(const Image &image) {
  if (decided.options.dlopen == DlopenPolicy::skip)
    return Reason::dlopen_skipped;
  if (!is_selected(image))
    return Reason::not_selected;
  return decided.obstacle;
}

/// With glibc 2.33 and older libdl may have come since the start.
Dlmopen dlmopen_now() {
  return decided.dlmopen != nullptr ? decided.dlmopen
                                    : find_dlmopen(decided.head);
}

enum class Kept : std::uint8_t { by_pinning, by_its_loader };

/// Pins a library that may be sealed. Returns why it may not after all.
Reason prepare_late(const Pending &item, const Image &image, Kept kept) {
  // What cannot be sealed need not be kept either.
  if (!layout_of(image, layout))
    return Reason::flawed;  // `leave` finds out how
  if (kept == Kept::by_pinning && decided.options.dlopen == DlopenPolicy::pin &&
      !pin(*item.map, item.lmid, dlmopen_now()))
    return Reason::not_pinned;
  return Reason::none;
}

void handle_collected(Pass pass, const Result<void> &sealed = {}) {
  for (const Pending &item : collected)
    handle(image_of(*item.map), pass, sealed);
}

/// Seals libraries that are relocated.
void seal_late(std::span<const Pending> batch, Kept kept = Kept::by_pinning) {
  if (batch.empty())
    return;
  bool filtered = !inert() && filter_came();
  collected.clear();
  for (const Pending &item : batch) {
    Image image = image_of(*item.map);
    Reason reason = late_obstacle(image);
    if (reason == Reason::none)
      reason = filtered ? Reason::seccomp : prepare_late(item, image, kept);
    if (reason != Reason::none)
      leave(image, reason);
    else if (!collected.push_back(item))
      leave(image, Reason::table_full);
  }
  if (collected.empty())
    return;
  begin_slots_batch();
  if (decided.moves_slots)
    handle_collected(Pass::take_slots);
  SealPass pass;
  if (decided.moves_slots)
    seal_slots();
  if (decided.engine.has(Engine::filter)) {
    handle_collected(Pass::collect);
    return handle_collected(Pass::conclude, commit_requests());
  }
  begin_relro_batch();
  if (decided.moves_relro) {
    handle_collected(Pass::note_relro);
    static_cast<void>(move_relro());  // the report tells what was not
  }
  handle_collected(Pass::seal);
}

enum class Readiness : std::uint8_t { relocated, early, unknown };

/// RELRO that is read-only has been relocated.
Readiness readiness(const LinkMap &map) {
  if (!layout_of(image_of(const_cast<LinkMap &>(map)), layout))
    return Readiness::relocated;  // only to be recorded
  for (const elf::Part &part : layout.parts()) {
    if (part.kind != elf::PartKind::relro)
      continue;
    switch (sys::writability(part.range.begin())) {
      case sys::Writability::writable:
        return Readiness::early;
      case sys::Writability::read_only:
        return Readiness::relocated;
      case sys::Writability::unknown:
        break;
    }
  }
  return Readiness::unknown;
}

/// Seals everything that is on its way. Pinning calls into the loader, which
/// may call us: take all of it out before it is handled.
void seal_pending() {
  in_hand.clear();
  for (const Pending &item : pending)
    MEMSEAL_ASSERT(in_hand.push_back(item));
  pending.clear();
  seal_late(in_hand.view());
}

void take_out(std::size_t i) {
  pending[i] = pending.back();
  pending.pop_back();
}

}  // namespace

void library_opened(LinkMap &map, long lmid) {
  if (inert() && !somebody_reads())
    return;
  tables_used = true;
  if (!pending.push_back({&map, lmid}))
    leave(image_of(map), Reason::table_full);
}

void library_searched(const char *name) {
  if (!decided.fence.stands() || inert())
    return;
  // A file that is not there is not mapped, and the search may fail.
  const std::size_t size = name != nullptr ? size_of_library(name) : 0;
  if (name == nullptr || size != 0)
    make_gap(decided.fence, size);
}

void library_closing(LinkMap &map) {
  if (!tables_used)
    return;
  cancel_trampoline(map);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].map == &map) {
      take_out(i);
      return;
    }
  }
}

void batch_begins() {
  if (tables_used)
    seal_pending();
}

void batch_mapped() {
  close_gap(decided.fence);
  if (!tables_used || pending.empty())
    return;
  if (inert() || filter_came())
    return seal_pending();  // that is: record why they are left
  in_hand.clear();
  for (std::size_t i = 0; i < pending.size();) {
    if (readiness(*pending[i].map) == Readiness::relocated) {
      MEMSEAL_ASSERT(in_hand.push_back(pending[i]));
      take_out(i);
      continue;
    }
    // One without a constructor is sealed before the constructor of another.
    set_trampoline(*pending[i].map);
    ++i;
  }
  seal_late(in_hand.view());
}

void before_constructors() {
  seal_pending();
}

void seal_late_object(LinkMap &map) {
  Pending item{&map, 0};
  seal_late({&item, 1}, Kept::by_its_loader);
}

}  // namespace memseal::loader
