/* SPDX-License-Identifier: Apache-2.0
 * waits [seals]: starts three children, waits until it has none, and prints how
 * many there were. "seals": it adopts orphans, and seals a page first.
 * waits adopts PROG ARG...: adopts orphans, and becomes PROG. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc > 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return 2;
  if (argc > 2) {
    execv(argv[2], argv + 2);
    return 2;
  }
  if (argc > 1) {
    void *page =
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (syscall(462, page, 4096, 0) != 0 || munmap(page, 4096) != -1 ||
        errno != EPERM)
      return 3;
  }
  for (int i = 0; i < 3; ++i) {
    if (fork() == 0)
      _exit(0);
  }
  int children = 0;
  while (wait(NULL) > 0)
    ++children;
  printf("%d children, then %s\n", children, strerror(errno));
  return 0;
}
