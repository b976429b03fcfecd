// SPDX-License-Identifier: Apache-2.0
// System calls made in another process, one at a time, its registers kept.
//
// The thread is sent to a system call instruction that is there already (the
// vdso has some), so no byte of it changes. Between the first call and
// `restore` its registers are not its own: use it only on a process that may
// die with its tracer (PTRACE_O_EXITKILL). For others there is
// tracer/call_stub.h.
#pragma once

#include <array>
#include <vector>

#include "process/mappings.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

class RemoteCalls {
public:
  /// Needs:   the thread is stopped, at an exec in the stop *behind* execve:
  ///          at PTRACE_EVENT_EXEC itself the kernel still has to write
  ///          execve's answer into the registers.
  /// Errors:  capacity: no system call instruction in any executable page.
  static Result<RemoteCalls> begin(const Tracee &thread,
                                   const process::Mappings &space,
                                   const process::RemoteMemory &memory);

  /// The kernel's answer, a value or -errno.
  /// Errors:  system: ESRCH it has ended. malformed: the thread is not where
  ///          the call should have left it.
  Result<long> call(long number, std::array<std::uint64_t, 6> arguments);

  /// Gives the thread its registers back and sends the stop signals that came
  /// meanwhile again.
  Result<void> restore();

private:
  RemoteCalls(const Tracee &thread, process::RemoteAddress site,
              Registers saved, std::uint64_t mask)
      : thread_(thread), site_(site), saved_(saved), mask_(mask) {}
  Result<void> go_to_next_call_stop();

  Tracee thread_;
  process::RemoteAddress site_;
  Registers saved_;
  std::uint64_t mask_;
  std::vector<int> held_;
};

}  // namespace memseal::tracer
