/* SPDX-License-Identifier: Apache-2.0
 * Exits with what mprotect over its own text answers: 0, or the errno. With an
 * argument: child PROGRAM... runs that; signal ends by one; wait for a byte
 * first; pid prints it and does nothing; relro tries that instead. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const relocated[] = {"in", "RELRO"};

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "child") == 0) {
    pid_t child = fork();
    if (child == 0) {
      execv(argv[2], argv + 2);
      _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }
  if (argc > 1 && strcmp(argv[1], "signal") == 0) {
    kill(getpid(), 15);
    pause();
  }
  char go;
  if (argc > 1 && strcmp(argv[1], "wait") == 0 && read(0, &go, 1) != 1)
    return 98;
  if (argc > 1 && strcmp(argv[1], "pid") == 0) {
    printf("%d\n", (int)getpid());
    return 0;
  }
  uintptr_t what = argc > 1 && strcmp(argv[1], "relro") == 0
                       ? (uintptr_t)&relocated[argc & 1]
                       : (uintptr_t)&main;
  void *page = (void *)(what & ~(uintptr_t)4095);
  return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
}
