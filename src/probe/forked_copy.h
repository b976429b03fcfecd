// SPDX-License-Identifier: Apache-2.0
// A copy of a process, made by fork(2), that does what it is told.
//
// Background: what a seal refuses can only be known by trying. Trying it in the
// process itself would harm it where the seal does not hold.
//
// Idea: a copy has the same mappings, the same seals and the same filters, and
// may be harmed. One thread of the process is stopped and made to fork; that
// takes about a millisecond, and then the process goes on. The copy never runs
// by itself: it is traced from its first moment, and makes one system call
// after the other that we put into its registers. It can be copied again, so
// that each trial has one of its own.
//
// The thread that forks has to wait for its child some day, and does not know
// of it: so the first copy makes a second one, dies, and is waited for at once.
// The second is the one we keep; its death is told to init.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>

#include "memseal/error.h"
#include "process/process.h"
#include "process/refusal.h"
#include "process/remote_memory.h"
#include "tracer/tracee.h"

namespace memseal::probe {

/// What a system call in a copy came to.
struct CallOutcome {
  long answer = 0;     ///< the kernel's: a value, or -errno
  int died_of = 0;     ///< the signal that ended the copy during the call
  int trapped_by = 0;  ///< the signal a filter answered with instead (SIGSYS)

  bool lived() const { return died_of == 0; }
};

class ForkedCopy {
public:
  /// Copies a process through its first thread.
  ///
  /// Kernel:  x86-64; ptrace must be allowed.
  static Refusable<ForkedCopy, process::Refusal> of(
      const process::Process &process);
  /// The same through a thread that the caller traces and has halted, with
  /// PTRACE_O_TRACEFORK and PTRACE_O_TRACECLONE among its options. It is
  /// halted where it was afterwards.
  static Refusable<ForkedCopy, process::Refusal> of(
      const tracer::Tracee &halted);

  ForkedCopy(ForkedCopy &&other) noexcept;
  ForkedCopy &operator=(ForkedCopy &&) = delete;
  /// Kills the copy.
  ~ForkedCopy();

  pid_t pid() const { return tracee_.tid(); }
  const process::RemoteMemory &memory() const { return *memory_; }

  using Arguments = std::array<std::uint64_t, 6>;
  /// Makes the copy enter the kernel once. After a death or a call that takes
  /// the code from under it, nothing further can be asked of it.
  Result<CallOutcome> call(long number, const Arguments &arguments);

  /// The same by the 32-bit door. `instruction` is an int 0x80 in the copy;
  /// arguments are cut to 32 bits. -ENOSYS where there is no such door.
  Result<CallOutcome> compat_call(process::RemoteAddress instruction,
                                  long number, const Arguments &arguments);

  /// Another copy, of this one. Errors: system.
  Result<ForkedCopy> fork();

private:
  ForkedCopy(tracer::Tracee tracee, process::RemoteMemory memory,
             tracer::Registers registers, process::RemoteAddress instruction)
      : tracee_(tracee),
        memory_(std::move(memory)),
        registers_(registers),
        instruction_(instruction) {}
  static Result<ForkedCopy> adopt(pid_t child,
                                  process::RemoteAddress instruction);

  tracer::Tracee tracee_;
  std::optional<process::RemoteMemory> memory_;
  tracer::Registers registers_;  ///< what each call begins with
  process::RemoteAddress
      instruction_;  ///< of a system call, in the vdso or in text
  bool alive_ = true;
};

}  // namespace memseal::probe
