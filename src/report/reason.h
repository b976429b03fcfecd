// SPDX-License-Identifier: Apache-2.0
// Why a part of an object is not sealed.
#pragma once

#include <cstdint>

#include "elf/flaw.h"

namespace memseal::report {

enum class Reason : std::uint8_t {
  none,                ///< it is sealed
  writable_by_design,  ///< data: never asked for
  not_selected,        ///< --only or --except
  matches_nothing,     ///< a pattern of --only or --except
  segment_left_out,    ///< --segments
  unmapped_gap,        ///< a gap in which the object has no memory
  flawed,              ///< see the flaw
  headers_not_found,   ///< the program headers are not where they should be
  relro_writable,      ///< the loader has not protected it
  no_mseal,            ///< a kernel before 6.10
  mseal_refused,       ///< a filter answers mseal(2) with an errno
  seccomp,             ///< a filter would kill the process for asking
  refused,             ///< the kernel refused: see the errno
  no_keeper,           ///< engine filter or strict, but no keeper answers
  outside_zone,        ///< it lies where no keeper is asked
  no_proc,             ///< a filter is made with the help of /proc
  no_engine,           ///< the engine asked for is not there
  hole,                ///< something inside is not mapped
  emulated,            ///< valgrind has no mseal(2)
  dlopen_skipped,      ///< --dlopen=skip
  not_pinned,          ///< --dlopen=pin, but it could not be kept from dlclose
  table_full,          ///< more libraries at once than memseal can handle
  writable_now,        ///< by a tracer: somebody can write to it at this moment
  never_protected,     ///< by a tracer: RELRO that the program leaves writable
  tracer_failed,       ///< the sentence is the tracer's own
  module_locked,       ///< the module's RELRO could not be opened once more
  auditors_not_found,  ///< ld.so keeps its list of auditors in an unknown way
  slots_unbound,       ///< bound at the first call, whatever it was asked
  slots_absent,        ///< of functions that are not there
  stubs_unknown,       ///< jumps through slots have an unknown shape
  slots_flawed,        ///< the relocations of the slots are not sound
  slots_file,          ///< code in memory is not as in the file
  slots_out_of_reach,  ///< no room for copies within 2 GiB
};

/// What became of one part, or of a whole object.
struct Outcome {
  Reason reason = Reason::none;
  elf::Flaw flaw{};   ///< of Reason::flawed
  int sys_errno = 0;  ///< of Reason::refused

  bool sealed() const { return reason == Reason::none; }
  /// Whether something that was asked for is missing: what --require is about.
  bool falls_short() const;
};

/// A word for programs: "relro_writable".
const char *name(Reason reason);
inline const char *name(const Outcome &outcome) {
  return name(outcome.reason);
}
/// For people; static storage, no full stop. Begins with what is wrong.
const char *sentence(const Outcome &outcome);

}  // namespace memseal::report
