/* SPDX-License-Identifier: Apache-2.0
 * A 32-bit program without a library: gcc -m32 -nostdlib -static. Its heap and
 * its mappings grow, change and go; it exits with 0, or with the number of the
 * step that failed. */
enum {
  brk = 45,
  munmap = 91,
  mprotect = 125,
  mremap = 163,
  mmap2 = 192,
  madvise = 219,
  old_mmap = 90,
  exit_group = 252
};
enum {
  rw = 3,
  readable = 1,
  anonymous = 0x22,
  fixed = 0x10,
  may_move = 1,
  dont_need = 4
};

static long call(long number, long a, long b, long c, long d, long e) {
  long answer;
  __asm__ volatile("int $0x80"
                   : "=a"(answer)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
  return answer;
}

static int failed(long answer) {
  return (unsigned long)answer > -4096UL;
}

static int work(void) {
  long heap = call(brk, 0, 0, 0, 0, 0);
  if (call(brk, heap + 65536, 0, 0, 0, 0) != heap + 65536)
    return 1;
  *(volatile char *)(heap + 65535) = 1;
  if (call(brk, heap, 0, 0, 0, 0) != heap)
    return 2;
  long at = call(mmap2, 0, 16384, rw, anonymous, -1);
  if (failed(at))
    return 3;
  *(volatile char *)at = 1;
  if (call(mprotect, at, 4096, readable, 0, 0) != 0)
    return 4;
  if (call(mmap2, at, 4096, rw, anonymous | fixed, -1) != at)
    return 5;
  if (call(madvise, at, 4096, dont_need, 0, 0) != 0)
    return 6;
  long arguments[6] = {0, 4096, rw, anonymous, -1, 0};
  long old = call(old_mmap, (long)arguments, 0, 0, 0, 0);
  if (failed(old))
    return 7;
  at = call(mremap, at, 16384, 32768, may_move, 0);
  if (failed(at))
    return 8;
  if (call(munmap, at, 32768, 0, 0, 0) != 0)
    return 9;
  return 0;
}

void _start(void) {
  call(exit_group, work(), 0, 0, 0, 0);
}
