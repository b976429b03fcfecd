// SPDX-License-Identifier: Apache-2.0
// Seals memory of its own by mseal(2), and then does what that forbids. `plain`
// leaves out the seal. Exits with 0 if what was done took place, with 1 if not.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

long syscall(long number, ...);

static void seal(char *page, int wanted) {
  if (wanted && syscall(462, page, 4096, 0) != 0)
    _exit(99);
}

static int is_mapped(char *page) {
  return madvise(page, 4096, MADV_RANDOM) == 0;
}

int main(int argc, char **argv) {
  int wanted = argc < 3 || strcmp(argv[2], "plain") != 0;
  if (strcmp(argv[1], "munmap") == 0) {
    char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    seal(page, wanted);
    munmap(page, 4096);
    return is_mapped(page);
  }
  if (strcmp(argv[1], "shmdt") == 0) {
    int id = shmget(IPC_PRIVATE, 8192, 0600);
    char *segment = shmat(id, 0, 0);
    shmctl(id, IPC_RMID, 0);
    seal(segment + 4096, wanted);
    shmdt(segment);
    return is_mapped(segment);
  }
  char *end = (char *)(((uintptr_t)sbrk(0) + 4095) & ~(uintptr_t)4095);
  if (brk(end + 8192) != 0)
    return 98;
  seal(end, wanted);
  brk(end);
  return is_mapped(end);
}
