// SPDX-License-Identifier: Apache-2.0
#include "sys/signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "sys/syscall.h"

// A handler returns into this, which tells the kernel to take the interrupted
// state back. libc has one of its own, but installs it with its own sigaction.
// arm64 needs none: there the kernel provides it in the vdso.
#if defined(__x86_64__)
extern "C" void memseal_signal_return();
__asm__(
    ".pushsection .text\n"
    ".hidden memseal_signal_return\n"
    ".globl memseal_signal_return\n"
    ".type memseal_signal_return, @function\n"
    "memseal_signal_return:\n"
    "  mov $15, %eax\n"  // rt_sigreturn
    "  syscall\n"
    ".size memseal_signal_return, . - memseal_signal_return\n"
    ".popsection\n");
#endif

namespace memseal::sys {
namespace {

// linux/signal.h; libc's <signal.h> keeps it to itself.
constexpr unsigned long sa_restorer = 0x04000000;

Result<void> nothing(ReturnValue answer) {
  if (answer.failed())
    return fail(Errc::system, answer.error());
  return {};
}

SignalSet pending_signals() {
  SignalSet pending = 0;
  call(SYS_rt_sigpending, &pending, sizeof pending);
  return pending;
}

}  // namespace

SignalBlock::SignalBlock(SignalSet blocked) {
  call(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, &before_, sizeof(SignalSet));
}

SignalBlock::~SignalBlock() {
  call(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof(SignalSet));
}

DiscardedSignals::DiscardedSignals(SignalSet signals)
    : block_(signals), wanted_(signals & ~pending_signals()) {}

DiscardedSignals::~DiscardedSignals() {
  SignalSet raised = pending_signals() & wanted_;
  const timespec at_once{};
  while (
      raised != 0 &&
      call(SYS_rt_sigtimedwait, &raised, nullptr, &at_once, sizeof raised).raw >
          0) {
  }
}

Result<SignalAction> signal_action(int signal) {
  SignalAction now;
  MEMSEAL_TRY_VOID(nothing(
      call(SYS_rt_sigaction, signal, nullptr, &now, sizeof(SignalSet))));
  return now;
}

Result<void> set_signal_action(int signal, const SignalAction &action) {
  return nothing(
      call(SYS_rt_sigaction, signal, &action, nullptr, sizeof(SignalSet)));
}

SignalAction action_for(SignalHandler handler) {
  SignalAction action;
  action.handler = reinterpret_cast<std::uintptr_t>(handler);
  action.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
#if defined(__x86_64__)
  action.flags |= sa_restorer;
  action.restorer = reinterpret_cast<std::uintptr_t>(&memseal_signal_return);
#endif
  action.mask = ~SignalSet{0};
  return action;
}

Result<void> send_signal(int tid, int signal, std::uint32_t number,
                         const void *pointer) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_uid = number;
  info.si_value.sival_ptr = const_cast<void *>(pointer);
  long process = call(SYS_getpid).raw;
  info.si_pid = static_cast<pid_t>(process);
  return nothing(call(SYS_rt_tgsigqueueinfo, process, tid, signal, &info));
}

SentSignal sent_signal(const void *info) {
  auto *told = static_cast<const siginfo_t *>(info);
  return {told->si_code == SI_QUEUE, told->si_uid, told->si_value.sival_ptr};
}

}  // namespace memseal::sys
