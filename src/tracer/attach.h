// SPDX-License-Identifier: Apache-2.0
// Seals a process that runs already.
#pragma once

#include <sys/types.h>

#include <vector>

#include "process/process.h"
#include "process/refusal.h"
#include "tracer/launch.h"
#include "tracer/remote_call_sequence.h"
#include "tracer/seal_plan.h"

namespace memseal::tracer {

struct Attached {
  process::Process process;
  SealPlan plan{};  ///< `seal` tells what was sealed before
  std::size_t calls = 0;
  std::size_t threads = 0;
  Engine engine{};  ///< who enforces the seals
  /// Why `memseal status` cannot show what the filter guards; empty: it can.
  std::string untold{};
  std::vector<Unsealed> refused{};  ///< by the kernel
  /// Planned, and not under a seal when looked at afterwards.
  std::vector<PlannedRange> unverified{};

  bool complete() const { return refused.empty() && unverified.empty(); }
};

/// What `attach` would do. Nobody is stopped.
Refusable<Attached, process::Refusal> plan_attach(
    pid_t pid, const Wanted &wanted, Engine engine = Engine::native);

/// Stops every thread, seals text, read-only data and RELRO of all loaded
/// objects and the vdso through one of them, and lets them go on. Doing it
/// again seals what has come since.
///
/// If this process dies in the middle, the other goes on unharmed, with some of
/// its ranges sealed. (One under a seccomp filter that kills may die with it:
/// the kernel suspends the filter only as long as the tracer lives.)
///
/// Engine::filter installs a filter, which stays over exec
/// (tracer/remote_filter.h). What it guards is found again in the process's
/// register of seals; only what came since makes another filter.
///
/// Needs:   `engine` is native, filter or strict.
/// Kernel:  64-bit; native: 6.10; the others: 3.17.
Refusable<Attached, process::Refusal> attach(pid_t pid, const Wanted &wanted,
                                             Engine engine = Engine::native);

}  // namespace memseal::tracer
