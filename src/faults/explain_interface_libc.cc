// SPDX-License-Identifier: Apache-2.0
// memseal_explain_faults: a handler of SIGSEGV that tells, and then steps
// aside.
//
// It never decides anything. After it has told what it knows, the former action
// is in force again: a handler is called with the very arguments, on the same
// stack and under the same mask; without one the default action is restored and
// the instruction made again, so that the core shows where it failed.
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "faults/description_libc.h"
#include "memseal/memseal.h"
#include "seal/register.h"
#include "seal/seal_sites.h"
#include "sys/named_memory.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

constexpr std::uint64_t most_wait = 2'000'000;  // microseconds

constinit std::atomic<bool> installed = false;
constinit std::atomic<bool> describing = false;
struct sigaction former = {};

Address instruction_of(const ucontext_t &context) {
#if defined(__x86_64__)
  return static_cast<Address>(context.uc_mcontext.gregs[REG_RIP]);
#else
  return context.uc_mcontext.pc;
#endif
}

/// Source: Intel SDM 3A, page-fault error code; Linux, arm64's
/// asm/sigcontext.h, struct esr_context, and asm/esr.h, ESR_ELx_WNR.
Access access_of(const ucontext_t &context) {
#if defined(__x86_64__)
  bool written = (context.uc_mcontext.gregs[REG_ERR] & 2) != 0;
  return written ? Access::write : Access::other;
#else
  constexpr std::uint32_t esr_magic = 0x45535201;
  const auto *at =
      reinterpret_cast<const unsigned char *>(context.uc_mcontext.__reserved);
  const auto *end = at + sizeof context.uc_mcontext.__reserved;
  struct {
    std::uint32_t magic, size;
    std::uint64_t esr;
  } record;
  while (at + sizeof record <= end) {
    std::memcpy(&record, at, sizeof record);
    if (record.magic == esr_magic)
      return (record.esr & 64) != 0 ? Access::write : Access::other;
    if (record.magic == 0 || record.size < 8)
      break;
    at += record.size;
  }
  return Access::unknown;
#endif
}

void tell(const siginfo_t &info, const ucontext_t &context) {
  // One at a time; another thread's default action would end the first. But no
  // longer than that takes: a child that was forked meanwhile waits for nobody.
  std::uint64_t end = sys::now_microseconds() + most_wait;
  while (describing.exchange(true)) {
    if (sys::now_microseconds() > end)
      return;
    (void)sys::call(SYS_sched_yield);
  }
  auto text = describe_fault({reinterpret_cast<Address>(info.si_addr),
                              instruction_of(context), access_of(context)});
  if (!text.empty())
    (void)sys::call(SYS_write, 2, text.data(), text.size());
  describing = false;
}

void step_aside(int signal, siginfo_t *info, void *context) {
  bool from_kernel = info->si_code > 0;
  if (former.sa_handler == SIG_IGN && !from_kernel)
    return;
  if (former.sa_handler == SIG_DFL || former.sa_handler == SIG_IGN) {
    (void)sigaction(signal, &former, nullptr);
    if (!from_kernel)  // the kernel does not send that one again
      (void)sys::call(SYS_tgkill, sys::call(SYS_getpid).raw,
                      sys::call(SYS_gettid).raw, signal);
    return;
  }
  if ((former.sa_flags & SA_SIGINFO) != 0)
    former.sa_sigaction(signal, info, context);
  else
    former.sa_handler(signal);
}

void on_fault(int signal, siginfo_t *info, void *context) {
  int error = errno;
  if (info->si_code == SEGV_ACCERR)
    tell(*info, *static_cast<const ucontext_t *>(context));
  errno = error;
  step_aside(signal, info, context);
}

/// Under the flags and the mask that the former handler was promised.
int install() {
  if (sigaction(SIGSEGV, nullptr, &former) != 0)
    return -1;
  struct sigaction ours = former;
  bool is_handler =
      former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN;
  if (!is_handler) {
    ours.sa_flags = SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
  }
  ours.sa_flags |= SA_SIGINFO;
  ours.sa_sigaction = on_fault;
  return sigaction(SIGSEGV, &ours, nullptr);
}

}  // namespace
}  // namespace memseal

int memseal_explain_faults(void) {
  using namespace memseal;
  if (auto noted = note_seal_sites(); !noted) {
    errno = noted.error().to_errno();
    return -1;
  }
  (void)find_register();  // now, where there is time to look for it
  if (installed.exchange(true))
    return 0;
  if (install() == 0)
    return 0;
  installed = false;
  return -1;
}
