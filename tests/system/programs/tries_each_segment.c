/* SPDX-License-Identifier: Apache-2.0
 * Prints what the kernel answers (0 or the errno) to an mprotect that changes
 * nothing, over a page of its own text, read-only data and RELRO, and, in a
 * child, to a munmap of read-only data. With an argument it opens that library
 * first, which prints the same of its own. */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096 };

static const char constants[4 * page] = {1};
static const char *const relocated[] = {"in", "RELRO"};

static void *page_of(const void *address) {
  return (void *)((uintptr_t)address & ~(uintptr_t)(page - 1));
}

static int protect(const void *inside, int prot) {
  return mprotect(page_of(inside), page, prot) == 0 ? 0 : errno;
}

static int unmap_in_child(const void *inside) {
  int status = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(munmap(page_of(inside), page) == 0 ? 0 : errno);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void tell(const char *who) {
  printf("%s text=%d rodata=%d relro=%d munmap=%d\n", who,
         protect((const void *)(uintptr_t)&tell, PROT_READ | PROT_EXEC),
         protect(constants + 2 * page, PROT_READ),
         protect(&relocated[who[0] & 1], PROT_READ),
         unmap_in_child(constants + 2 * page));
  fflush(stdout);
}

#ifdef LIBRARY
__attribute__((constructor)) static void opened(void) {
  tell("library");
}
#else
int main(int argc, char **argv) {
  tell("program");
  return argc > 1 && dlopen(argv[1], RTLD_NOW) == NULL;
}
#endif
