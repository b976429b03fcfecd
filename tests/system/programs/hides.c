/* SPDX-License-Identifier: Apache-2.0
 * hides HOW WHO [PROG ARG...]: hides from everybody who would look into it, and
 * then works: its heap grows and shrinks, libraries come and go. HOW:
 * "undumpable", "user" (another user ID, by the bare calls) or "not". WHO:
 * "itself", or "child", a fork that was never looked at. Last it makes its own
 * text writable and replaces it, and then becomes PROG, if there is one.
 *
 * Exit status: 0 both were refused with EPERM and its text is what it was; 1
 * both succeeded; 2 anything else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096, blocks = 64, size = 100000 };

static int hide(const char *how) {
  if (strcmp(how, "undumpable") == 0)
    return prctl(PR_SET_DUMPABLE, 0);
  if (strcmp(how, "user") == 0)
    return syscall(SYS_setgid, 65534) != 0 || syscall(SYS_setuid, 65534) != 0;
  return 0;
}

static int work(void) {
  char *block[blocks];
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < blocks; ++i) {
      block[i] = malloc(size);
      if (block[i] == NULL)
        return 1;
      memset(block[i], i, size);
    }
    for (int i = 0; i < blocks; ++i) {
      if (block[i][size - 1] != i)
        return 1;
      free(block[i]);
    }
    void *library = dlopen("libm.so.6", RTLD_NOW);
    if (library == NULL || dlclose(library) != 0)
      return 1;
  }
  /* The control: what is not sealed may be changed. */
  void *own = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return own == MAP_FAILED ||
         mprotect(own, page, PROT_READ | PROT_WRITE) != 0 ||
         munmap(own, page) != 0;
}

static int attack(void) {
  char *text = (char *)((uintptr_t)&hide & ~(uintptr_t)(page - 1));
  char before[page];
  memcpy(before, text, page);
  int writable = mprotect(text, page, PROT_READ | PROT_WRITE | PROT_EXEC);
  int why = errno;
  int advised = madvise(text, page, MADV_DONTNEED);
  int and_why = errno;
  if (writable == 0 && advised == 0)
    return 1;
  return writable == -1 && why == EPERM && advised == -1 && and_why == EPERM &&
                 memcmp(before, text, page) == 0
             ? 0
             : 2;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  free(malloc(1000)); /* there is a heap before the fork */
  if (strcmp(argv[2], "child") == 0) {
    pid_t child = fork();
    if (child != 0) {
      int status = -1;
      waitpid(child, &status, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
    }
  }
  if (hide(argv[1]) != 0 || work() != 0)
    return 2;
  int done = attack();
  if (argc > 3 && done == 0) {
    execv(argv[3], argv + 3);
    return 2;
  }
  return done;
}
