// SPDX-License-Identifier: Apache-2.0
#include "support/skipped_call.h"

#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace memseal::test {
namespace {

constexpr int skipped = SYS_getpgid, could_not_prepare = 99;

user_regs_struct registers_of(pid_t child) {
  user_regs_struct registers{};
  iovec whole{&registers, sizeof(registers)};
  ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &whole);
  return registers;
}

void set_registers(pid_t child, user_regs_struct registers) {
  iovec whole{&registers, sizeof(registers)};
  ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &whole);
}

#if defined(__x86_64__)
long number_of(const user_regs_struct &registers) {
  return static_cast<long>(registers.orig_rax);
}
void skip(pid_t child) {
  user_regs_struct registers = registers_of(child);
  registers.orig_rax = static_cast<unsigned long>(-1);
  registers.rax = told_by_tracer;
  set_registers(child, registers);
}
#else
long number_of(const user_regs_struct &registers) {
  return static_cast<long>(registers.regs[8]);
}
void skip(pid_t child) {
  int none = -1;
  iovec number{&none, sizeof(none)};
  ptrace(PTRACE_SETREGSET, child, 0x404 /* NT_ARM_SYSTEM_CALL */, &number);
  user_regs_struct registers = registers_of(child);
  registers.regs[0] = told_by_tracer;
  set_registers(child, registers);
}
#endif

[[noreturn]] void be_traced(const std::function<int()> &prepare) {
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  if (prepare() != 0)
    _exit(could_not_prepare);
  long result = syscall(skipped, 0);
  _exit(result == told_by_tracer ? 0 : 1);
}

}  // namespace

long result_of_skipped_call(const std::function<int()> &prepare) {
  pid_t child = fork();
  if (child == 0)
    be_traced(prepare);
  int status = 0;
  waitpid(child, &status, 0);
  while (WIFSTOPPED(status)) {
    if (number_of(registers_of(child)) == skipped) {
      skip(child);
      ptrace(PTRACE_CONT, child, nullptr, nullptr);
    } else {
      ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    }
    waitpid(child, &status, 0);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) == could_not_prepare)
    return -1;
  return WEXITSTATUS(status) == 0 ? told_by_tracer : 0;
}

}  // namespace memseal::test
