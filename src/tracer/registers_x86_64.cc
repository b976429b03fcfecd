// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "tracer/registers.h"

namespace memseal::tracer {
namespace {

// Codes the kernel keeps to itself: include/linux/errno.h.
constexpr long restart_sys = -512, restart_no_interrupt = -513,
               restart_no_handler = -514, restart_block = -516;

// They wait without having done anything, so making them again is harmless (a
// timeout begins anew). close is not among them: it answers EINTR with the
// descriptor gone. The socket calls answer so only where a timeout is set.
constexpr long spared[] = {
    SYS_epoll_wait,     SYS_epoll_pwait, SYS_epoll_pwait2, SYS_rt_sigtimedwait,
    SYS_semop,          SYS_semtimedop,  SYS_io_getevents, SYS_io_pgetevents,
    SYS_io_uring_enter, SYS_accept,      SYS_accept4,      SYS_recvfrom,
    SYS_recvmsg,        SYS_sendto,      SYS_sendmsg};

}  // namespace

process::RemoteAddress Registers::program_counter() const {
  return {raw.rip};
}
void Registers::set_program_counter(process::RemoteAddress address) {
  raw.rip = address.value;
}
long Registers::system_call() const {
  return static_cast<long>(raw.orig_rax);
}
void Registers::set_no_system_call() {
  raw.orig_rax = static_cast<unsigned long long>(-1);
}
long Registers::answer() const {
  return static_cast<long>(raw.rax);
}
void Registers::set_answer(long answer) {
  raw.rax = static_cast<unsigned long long>(answer);
}

std::uint64_t Registers::argument(unsigned index) const {
  MEMSEAL_ASSERT(index < 6);
  const std::uint64_t arguments[] = {raw.rdi, raw.rsi, raw.rdx,
                                     raw.r10, raw.r8,  raw.r9};
  return arguments[index];
}

void Registers::set_call(long number,
                         const std::array<std::uint64_t, 6> &arguments) {
  raw.rax = static_cast<unsigned long long>(number);
  raw.rdi = arguments[0];
  raw.rsi = arguments[1];
  raw.rdx = arguments[2];
  raw.r10 = arguments[3];
  raw.r8 = arguments[4];
  raw.r9 = arguments[5];
  set_no_system_call();
}

void Registers::set_compat_call(long number,
                                const std::array<std::uint64_t, 6> &arguments) {
  raw.rax = static_cast<unsigned long long>(number);
  raw.rbx = arguments[0];
  raw.rcx = arguments[1];
  raw.rdx = arguments[2];
  raw.rsi = arguments[3];
  raw.rdi = arguments[4];
  raw.rbp = arguments[5];
  set_no_system_call();
}

Registers Registers::restarted() const {
  Registers after = *this;
  if (system_call() < 0)
    return after;
  switch (answer()) {
    case restart_sys:
    case restart_no_interrupt:
    case restart_no_handler:
      after.set_answer(system_call());
      break;
    case restart_block:
      after.set_answer(SYS_restart_syscall);
      break;
    default:
      after.set_no_system_call();
      return after;
  }
  after.raw.rip -= system_call_instruction.size();
  after.set_no_system_call();
  return after;
}

bool spare_interruption(Registers &registers) {
  if (registers.answer() != -EINTR ||
      std::ranges::find(spared, registers.system_call()) == std::end(spared))
    return false;
  registers.set_answer(restart_no_handler);
  return true;
}

}  // namespace memseal::tracer
#endif
