/* SPDX-License-Identifier: Apache-2.0 */
/* A start file of our own: the system's asks for this machine's glibc. */
#include "portable.h"

int main(int argc, char **argv);
int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void),
                      void (*)(void), void (*)(void), void *);

__attribute__((used)) void start_with_stack(long *stack,
                                            void (*loader_fini)(void)) {
  __libc_start_main((int (*)(int, char **))main, (int)stack[0],
                    (char **)(stack + 1), 0, 0, loader_fini, stack);
}

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "mov %rsp, %rdi\n"
    "mov %rdx, %rsi\n"
    "and $-16, %rsp\n"
    "call start_with_stack\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start: mov x29, #0\n"
    "mov x1, x0\n"
    "mov x0, sp\n"
    "bl start_with_stack\n");
#endif
