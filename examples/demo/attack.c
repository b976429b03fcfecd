/* SPDX-License-Identifier: Apache-2.0 */
/* What an attacker would do who steers one memory-management call.
 *
 * The target is libm: a library that is loaded like any other and that nothing
 * here depends on, so that a successful attack does no harm. Each act is tried
 * by a child of its own, on the library's code (text) and on the pages that
 * held its relocated pointers (RELRO), and is one an exploit can profit from:
 * make it writable, take it away, put something else in its place, move it.
 *
 * Prints a line for each: act, target, outcome. Exit status: 0 if every act was
 * refused with EPERM, 1 if every one succeeded, 2 for anything between.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct target {
  const char *name;
  char *begin;
  size_t size;
};

static struct target text = {"text", NULL, 0}, relro = {"relro", NULL, 0};

static int find(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  if (strstr(object->dlpi_name, "libm.so") == NULL)
    return 0;
  unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    unsigned long begin = object->dlpi_addr + part->p_vaddr;
    unsigned long end = begin + part->p_memsz;
    struct target *target = NULL;
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0)
      target = &text;
    if (part->p_type == PT_GNU_RELRO)
      target = &relro;
    if (target == NULL)
      continue;
    begin &= -page;
    end &= -page; /* the loader protects whole pages only */
    target->begin = (char *)begin;
    target->size = end - begin;
  }
  return 1;
}

static int protect(struct target t) {
  return mprotect(t.begin, t.size, PROT_READ | PROT_WRITE);
}

static int unmap(struct target t) {
  return munmap(t.begin, t.size);
}

static int replace(struct target t) {
  void *at = mmap(t.begin, t.size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return at == MAP_FAILED ? -1 : 0;
}

static int move(struct target t) {
  void *room =
      mmap(NULL, t.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *at =
      mremap(t.begin, t.size, t.size, MREMAP_MAYMOVE | MREMAP_FIXED, room);
  return at == MAP_FAILED ? -1 : 0;
}

static const struct {
  const char *name;
  int (*try)(struct target);
} acts[] = {
    {"mprotect to read-write", protect},
    {"munmap", unmap},
    {"mmap MAP_FIXED over it", replace},
    {"mremap to elsewhere", move},
};

/* The errno of an act, 0 if it succeeded. */
static int outcome(size_t act, struct target target) {
  pid_t child = fork();
  if (child == 0) {
    errno = 0;
    _exit(acts[act].try(target) == 0 ? 0 : errno);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return -1;
  return WEXITSTATUS(status);
}

int main(void) {
  volatile double zero = 0; /* uses libm, so that it is loaded */
  dl_iterate_phdr(find, NULL);
  if (cos(zero) != 1 || text.size == 0 || relro.size == 0) {
    fprintf(stderr, "attack: there is no libm to attack\n");
    return 3;
  }
  int refused = 0, succeeded = 0, tried = 0;
  for (size_t act = 0; act < sizeof acts / sizeof acts[0]; ++act) {
    for (int which = 0; which < 2; ++which) {
      struct target target = which == 0 ? text : relro;
      int error = outcome(act, target);
      ++tried;
      succeeded += error == 0;
      refused += error == EPERM;
      printf("%-24s %-6s %s\n", acts[act].name, target.name,
             error == 0 ? "succeeded" : strerrorname_np(error));
    }
  }
  return refused == tried ? 0 : succeeded == tried ? 1 : 2;
}
