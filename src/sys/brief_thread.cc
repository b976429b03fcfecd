// SPDX-License-Identifier: Apache-2.0
#include "sys/brief_thread.h"

#include <linux/sched.h>

#include "sys/owned_pages.h"
#include "sys/syscall.h"

// The new thread returns from clone on an empty stack, which no function of C++
// could do: body and argument are put there first, and taken from there.
extern "C" long memseal_clone_onto(unsigned long flags, void *stack_end,
                                   void (*body)(void *), void *argument);

#if defined(__x86_64__)
__asm__(
    ".pushsection .text\n"
    ".hidden memseal_clone_onto\n"
    ".globl memseal_clone_onto\n"
    ".type memseal_clone_onto, @function\n"
    "memseal_clone_onto:\n"
    "  sub $16, %rsi\n"
    "  mov %rdx, (%rsi)\n"
    "  mov %rcx, 8(%rsi)\n"
    "  xor %edx, %edx\n"
    "  xor %r10d, %r10d\n"
    "  xor %r8d, %r8d\n"
    "  mov $56, %eax\n"  // clone
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jnz 1f\n"
    "  xor %ebp, %ebp\n"
    "  pop %rax\n"
    "  pop %rdi\n"
    "  call *%rax\n"
    "  xor %edi, %edi\n"
    "  mov $60, %eax\n"  // exit
    "  syscall\n"
    "  ud2\n"
    "1:\n"
    "  ret\n"
    ".size memseal_clone_onto, . - memseal_clone_onto\n"
    ".popsection\n");
#elif defined(__aarch64__)
__asm__(
    ".pushsection .text\n"
    ".hidden memseal_clone_onto\n"
    ".globl memseal_clone_onto\n"
    ".type memseal_clone_onto, %function\n"
    "memseal_clone_onto:\n"
    "  stp x2, x3, [x1, #-16]!\n"
    "  mov x2, #0\n"
    "  mov x3, #0\n"
    "  mov x4, #0\n"
    "  mov x8, #220\n"  // clone
    "  svc #0\n"
    "  cbnz x0, 1f\n"
    "  mov x29, #0\n"
    "  ldp x9, x0, [sp], #16\n"
    "  blr x9\n"
    "  mov x0, #0\n"
    "  mov x8, #93\n"  // exit
    "  svc #0\n"
    "  brk #1\n"
    "1:\n"
    "  ret\n"
    ".size memseal_clone_onto, . - memseal_clone_onto\n"
    ".popsection\n");
#endif

namespace memseal::sys {

Result<void> run_in_brief_thread(void (*body)(void *), void *argument) {
  constexpr std::size_t stack_size = std::size_t{32} << 10;
  constexpr unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES |
                                  CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                                  CLONE_VFORK;
  auto stack = MEMSEAL_TRY(OwnedPages::create(stack_size));
  auto *stack_end = reinterpret_cast<void *>(stack.range()->end());
  ReturnValue answer{memseal_clone_onto(flags, stack_end, body, argument)};
  MEMSEAL_TRY(result(answer));
  return {};
}

}  // namespace memseal::sys
