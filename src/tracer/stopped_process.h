// SPDX-License-Identifier: Apache-2.0
// All threads of a process, stopped.
#pragma once

#include <vector>

#include "process/process.h"
#include "process/refusal.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

/// Holds every thread of a process until it is destroyed. Threads that waited
/// in a call go on waiting: the interruption is hidden from them
/// (spare_interruption).
class StoppedProcess {
public:
  /// Errors:  the kernel forbids it; a thread does not stop; the process is
  ///          under a seccomp filter, which we may not suspend. Every thread
  ///          goes on.
  static Refusable<StoppedProcess, process::Refusal> stop(
      const process::Process &process);
  StoppedProcess(StoppedProcess &&other) noexcept
      : threads_(std::exchange(other.threads_, {})) {}
  StoppedProcess &operator=(StoppedProcess &&) = delete;
  ~StoppedProcess();

  std::size_t size() const { return threads_.size(); }
  const std::vector<Tracee> &threads() const { return threads_; }

  /// The thread has ended, or cannot be let go any more.
  void forget(pid_t tid);

private:
  StoppedProcess() = default;
  Refusable<bool, process::Refusal> stop_new_threads(
      const process::Process &process);

  std::vector<Tracee> threads_;
};

/// Brings a running traced thread to a halt, delivering the signals that come
/// first. Errors: system: ESRCH it has ended, ETIMEDOUT it does not stop.
Result<void> halt(const Tracee &thread);

}  // namespace memseal::tracer
