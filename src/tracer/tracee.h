// SPDX-License-Identifier: Apache-2.0
// ptrace(2), as values: one traced thread, and what wait(2) says of it.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "memseal/error.h"
#include "tracer/registers.h"

namespace memseal::tracer {

/// Why a traced thread stopped, or that it ended.
struct Stop {
  enum class Kind : std::uint8_t {
    exited,       ///< `detail` is the exit code
    killed,       ///< `detail` is the signal
    system_call,  ///< entry or exit of a call
    event,        ///< `detail` is a PTRACE_EVENT_
    halted,       ///< PTRACE_INTERRUPT, or the process is stopped (SIGSTOP)
    signal,       ///< about to be delivered: `detail`
  };
  pid_t tid = 0;
  Kind kind = Kind::exited;
  int detail = 0;

  bool ended() const { return kind == Kind::exited || kind == Kind::killed; }
};

/// Waits for one thread, or with -1 for any. Errors: system, ECHILD.
Result<Stop> wait_for(pid_t tid);

/// The same, but gives up: ETIMEDOUT. A thread in an uninterruptible wait
/// (a disk that does not answer) cannot be stopped.
Result<Stop> wait_for(pid_t tid, int timeout_ms);

enum class Until : std::uint8_t { event, system_call };

/// A thread that this thread traces. A plain value: whoever owns the plan
/// detaches. If the tracer dies, the kernel detaches and the thread goes on
/// with the registers it has, unless PTRACE_O_EXITKILL was asked for.
class Tracee {
public:
  /// Does not stop the thread.
  ///
  /// Units:   `options` are PTRACE_O_ bits; TRACESYSGOOD is always added.
  /// Errors:  system: EPERM (another user's, setuid, traced already, Yama, a
  ///          kernel thread), ESRCH. unsupported: not on this machine.
  static Result<Tracee> seize(pid_t tid, unsigned options);

  /// A thread that the kernel attached for us: the child of one that is
  /// followed.
  static Tracee followed(pid_t tid) { return Tracee(tid); }

  pid_t tid() const { return tid_; }

  /// Asks a running thread to stop; the stop is `halted`.
  Result<void> interrupt() const;

  // What follows needs the thread to be stopped.

  Result<void> set_options(unsigned options) const;
  Result<void> resume(Until until, int signal = 0) const;
  /// Lets it go, delivering `signal` if the stop was for one.
  Result<void> detach(int signal = 0) const;
  /// Leaves a stopped process (SIGSTOP) stopped, but reports what comes next.
  Result<void> listen() const;

  Result<Registers> registers() const;
  Result<void> set_registers(const Registers &registers) const;

  /// Stops at an instruction without writing into the code, through a debug
  /// register. Errors: system, where none is available.
  Result<void> set_hardware_breakpoint(process::RemoteAddress address) const;
  Result<void> clear_hardware_breakpoint() const;

  /// Which signals are blocked: bit n - 1 for signal n. Linux 3.11.
  Result<std::uint64_t> signal_mask() const;
  Result<void> set_signal_mask(std::uint64_t mask) const;

  Result<std::uint64_t> event_message() const;

private:
  explicit Tracee(pid_t tid) : tid_(tid) {}
  pid_t tid_;
};

}  // namespace memseal::tracer
