// SPDX-License-Identifier: Apache-2.0
// Seals a program from outside while it starts: static ones, Go, Rust, musl,
// and those that would not let a module in.
//
// The program keeps the process it is started in, so its parent sees its own
// exit status and signals: it is the *tracer* that is a process of its own, a
// grandchild that traces its grandparent through one exec, and is gone before
// the program's main runs. Up to three stops:
//
//   exec    Everything the kernel mapped: text and read-only data of the
//           program and of its loader, vdso. Before the first instruction.
//   relro   Static programs protect their own RELRO (static-PIE glibc does,
//           musl does not): the stop behind that mprotect. Watched for a
//           bounded number of calls.
//   entry   Programs with a loader: a hardware breakpoint at AT_ENTRY. All
//           libraries are there, relocated and read-only; their constructors
//           have run, the program itself has not.
//
// A filter, where one is asked for, is installed at the last of these stops,
// with all ranges at once: a filter cannot be added to, and a second one makes
// every call slower. Until then only mseal(2) protects what it can.
//
// What dlopen brings later is not sealed this way, and not watched either. A
// second filter could not ask the same supervisor, the kernel allows one
// listener in the filters of a thread; and one that asks for every call on the
// addresses where libraries may come asks for every mmap and munmap of the
// program. So where there is a loader, its module and a keeper, which does ask,
// do it (cli/watching_keeper.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "process/refusal.h"
#include "tracer/seal_plan.h"
#include "vm/enforcement.h"

namespace memseal::tracer {

/// Whether the tracer stays and seals whatever the program executes in its
/// children. It costs each of them three stops, keeps debuggers out of the
/// whole tree, and setuid children of an unprivileged user lose their rights.
enum class Children : std::uint8_t { left_alone, followed };
enum class OnFailure : std::uint8_t { runs_unsealed, exits_125 };

/// What became of one program.
struct Launched {
  pid_t pid = 0;
  std::string program;
  std::vector<PlannedRange> sealed;
  std::vector<LeftOut> left_out;
  Engine engine{};      ///< who enforces the seals
  std::string failure;  ///< empty, or why something was not sealed
};

struct LaunchOptions {
  Wanted wanted;
  Children children = Children::left_alone;
  OnFailure on_failure = OnFailure::runs_unsealed;
  /// native, filter or both; native beside a filter only where it is there.
  Engine engine = Engine::native;
  /// Other than deny needs a filter. permit: nothing is sealed, the filter asks
  /// the supervisor.
  OnViolation on_violation = OnViolation::deny;
  /// Called in the tracer, before the program goes on. May be empty. Returns
  /// false if something could not be told that must be: a failure.
  std::function<bool(const Launched &)> report;
  /// With report and permit: called in the tracer when the program runs, with
  /// the listener of its filter; answers violations until the last
  /// process is gone. The tracer ends when it returns: from then on the kernel
  /// answers violations with ENOSYS.
  /// Source: seccomp(2), SECCOMP_RET_USER_NOTIF.
  std::function<void(const Launched &, int listener)> supervise;
};

/// Makes the next exec of the calling process a sealed one. Returns when the
/// tracer is there; the caller then calls execve. If that fails, the caller's
/// exit ends the tracer.
///
/// Needs:   the caller has one thread.
/// Errors:  no ptrace here, no mseal(2) where it alone is asked for, or a
///          seccomp filter that would kill the program for it. Nothing has
///          changed.
Refusable<void, process::Refusal> seal_next_exec(const LaunchOptions &options);

}  // namespace memseal::tracer
