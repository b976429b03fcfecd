// SPDX-License-Identifier: Apache-2.0
// A child of vfork that is refused something about its parent's memory, so that
// the keeper knows it, and then becomes this program again. Exits with what the
// refused munmap came to in the child, and with 0 in the second image.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc > 1)
    return 0;
  volatile int refused = 0;
  void *text = (void *)((unsigned long)&abort & ~4095UL);
  pid_t child = vfork();
  if (child == 0) {
    refused = mprotect(text, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
    execl("/proc/self/exe", argv[0], "again", (char *)0);
    _exit(99);
  }
  int status = -1;
  waitpid(child, &status, 0);
  if (status != 0)
    return 98;
  return refused;
}
