#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 32-bit programs in a tree under a keeper run: nothing is sealed in them. What a
# sealed 64-bit program may not do it may not do by i386's numbers either.
. "$(dirname "$0")/common.inc"
need gcc
[[ $(uname -m) == x86_64 ]] || skip "i386's calls are x86-64's"
gcc -m32 -O1 -ffreestanding -fno-stack-protector -nostdlib -static -no-pie \
  "$SOURCE/tests/system/programs/thirty_two_bits.c" -o "$work/child" ||
  skip "no 32-bit program can be made here"
exits 0 "$work/child" || skip "this kernel runs no 32-bit programs"

# A 64-bit program at a low address, which attacks itself by int 0x80.
cat >"$work/p.c" <<'C'
#include <stdint.h>
#include <stdio.h>
static long int80(long number, long a, long b, long c) {
  long answer;
  __asm__ volatile("int $0x80" : "=a"(answer)
                   : "a"(number), "b"(a), "c"(b), "d"(c)
                   : "r8", "r9", "r10", "r11", "memory");
  return (int)answer;
}
int main(void) {
  uintptr_t text = (uintptr_t)&int80 & ~(uintptr_t)4095;
  long arguments[6] = {0};
  (void)arguments;
  long protect = int80(125, (long)text, 4096, 7); /* mprotect */
  long advise = int80(219, (long)text, 4096, 4);  /* madvise(DONTNEED) */
  long old = int80(90, (long)text, 0, 0);         /* mmap: arguments in memory */
  printf("%ld %ld %ld\n", protect, advise, old);
  return 0;
}
C
gcc -O1 -no-pie "$work/p.c" -o "$work/p"
exits 0 "$work/p" # the twin
grep -q '^0 0 ' "$work/said"

for engine in keeper strict; do
  run=("$memseal" run --engine="$engine" --require --)
  exits 0 "${run[@]}" bash -c "$work/child"
  exits 0 "${run[@]}" bash -c "for i in 1 2 3; do $work/child || exit; done"
  exits 0 "${run[@]}" "$work/p"
  says '-1 -1 -1'
done
exits 0 "$memseal" run --on-violation=report --report="$work/report" -- bash -c "$work/child"
exits 0 "$memseal" trace -- bash -c "$work/child"

# One with a loader and a library of 32 bits.
libc=/lib32/libc.so.6 loader=/lib32/ld-linux.so.2
[[ -e $libc && -e $loader ]] || exit 0
cat >"$work/d.c" <<'C'
void *malloc(unsigned), free(void *), exit(int);
int puts(const char *);
void start(void) {
  for (int i = 0; i < 1000; ++i)
    *(volatile char *)malloc(10000) = 1;
  puts("works");
  exit(0);
}
C
gcc -m32 -O1 -fno-builtin -fno-stack-protector -nostdlib -no-pie -e start "$work/d.c" \
  "$libc" -Wl,-dynamic-linker,$loader -o "$work/d"
exits 0 "$work/d"
exits 0 "$memseal" run --engine=keeper --require -- bash -c "$work/d"
says works
