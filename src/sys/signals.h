// SPDX-License-Identifier: Apache-2.0
// Signals without a C library: masks, actions, and a message to one thread.
#pragma once

#include <cstdint>

#include "memseal/error.h"

namespace memseal::sys {

/// A set of signals as the kernel has it: bit n-1 is signal n.
using SignalSet = std::uint64_t;
constexpr SignalSet signal_bit(int signal) {
  return SignalSet{1} << (signal - 1);
}

/// Blocks signals for this thread as long as the object lives. The kernel
/// never blocks SIGKILL and SIGSTOP.
class SignalBlock {
public:
  explicit SignalBlock(SignalSet blocked);
  ~SignalBlock();
  SignalBlock(const SignalBlock &) = delete;
  SignalBlock &operator=(const SignalBlock &) = delete;

private:
  SignalSet before_ = 0;
};

/// As long as the object lives, these signals do nothing that this thread
/// raises: they are for write(2), which raises SIGPIPE and SIGXFSZ in the
/// thread that calls it. One that was pending before stays so.
class DiscardedSignals {
public:
  explicit DiscardedSignals(SignalSet signals);
  ~DiscardedSignals();
  DiscardedSignals(const DiscardedSignals &) = delete;
  DiscardedSignals &operator=(const DiscardedSignals &) = delete;

private:
  SignalBlock block_;
  SignalSet wanted_;
};

/// What rt_sigaction(2) takes and gives. `handler` is 0 for SIG_DFL, 1 for
/// SIG_IGN.
///
/// Source: Linux, include/linux/signal_types.h, struct sigaction; the layout is
/// that of x86-64 and arm64.
struct SignalAction {
  std::uintptr_t handler = 0;
  unsigned long flags = 0;
  std::uintptr_t restorer = 0;
  SignalSet mask = 0;
  friend bool operator==(const SignalAction &, const SignalAction &) = default;
};

Result<SignalAction> signal_action(int signal);
Result<void> set_signal_action(int signal, const SignalAction &action);

/// An action whose handler gets (signal, siginfo_t *, context), runs with all
/// signals blocked, on the alternate stack if the thread has one, and makes the
/// kernel restart what it interrupted where the kernel can.
using SignalHandler = void (*)(int, void *, void *);
SignalAction action_for(SignalHandler handler);

/// Sends `signal` to a thread of this process with a number and a pointer.
///
/// Errors:  system: ESRCH no such thread (any more), EAGAIN too many signals
///          are pending (RLIMIT_SIGPENDING).
/// Source:  rt_tgsigqueueinfo(2).
Result<void> send_signal(int tid, int signal, std::uint32_t number,
                         const void *pointer);

/// What `send_signal` sent, read out of a handler's second argument.
struct SentSignal {
  bool queued;  ///< by rt_tgsigqueueinfo or sigqueue: the rest has meaning
  std::uint32_t number;
  const void *pointer;
};
SentSignal sent_signal(const void *info);

}  // namespace memseal::sys
