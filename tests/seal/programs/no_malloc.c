/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the interface, in a program whose malloc aborts (S-77).
 * Argument: native, filter or strict. Exit: 0, or the step that failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <memseal/memseal.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int poisoned;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void check(void) {
  if (poisoned) {
    static const char text[] = "memseal allocated\n";
    (void)!write(2, text, sizeof text - 1);
    _exit(99);
  }
}
void *malloc(size_t size) {
  check();
  return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
  check();
  return __libc_calloc(n, size);
}
void *realloc(void *old, size_t size) {
  check();
  return __libc_realloc(old, size);
}
void *memalign(size_t alignment, size_t size) {
  check();
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  check();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  check();
  *out = __libc_memalign(alignment, size);
  return *out == NULL;
}
void free(void *memory) {
  if (memory != NULL)
    check();
  __libc_free(memory);
}

static void *sleep_for_ever(void *nothing) {
  for (;;)
    pause();
  return nothing;
}

static char *fresh(void) {
  char *at = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at + 4096;
}

int main(int count, char **words) {
  unsigned engine = MEMSEAL_NATIVE;
  if (count > 1 && strcmp(words[1], "filter") == 0)
    engine = MEMSEAL_FILTER;
  if (count > 1 && strcmp(words[1], "strict") == 0)
    engine = MEMSEAL_STRICT;

  pthread_t thread;
  if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
    return 1;
  static struct memseal_range ranges[300];
  for (size_t i = 0; i < 300; ++i) {
    ranges[i].addr = fresh();
    ranges[i].len = 4096;
    ranges[i].types = MEMSEAL_ALL;
  }
  char *one = fresh(), *two = fresh();

  poisoned = 1;
  if (memseal(one, 4096, MEMSEAL_ALL, engine) != 0)
    return 2;
  if (memseal_many(ranges, 300, engine) != 0)
    return 3;
  if (engine != MEMSEAL_NATIVE &&
      memseal_mprotect(two, 4096, PROT_READ | MEMSEAL_PROT_IMMUTABLE) != 0)
    return 4;
  if (memseal_map(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
                  MEMSEAL_ALL, engine) == MAP_FAILED)
    return 5;
  struct memseal_info info;
  info.size = sizeof info;
  if (memseal_query(one, &info) != 0 || info.types != MEMSEAL_ALL)
    return 6;
  if (memseal_harden(MEMSEAL_BASE_COMPATIBLE) != 0)
    return 7;
  if (munmap(one, 4096) == 0 || errno != EPERM)
    return 8;
  if (munmap(ranges[299].addr, 4096) == 0 || errno != EPERM)
    return 9;
  /* Control: the poison works. */
  poisoned = 2;
  void *volatile unwanted = NULL;
  if (count > 2)
    unwanted = malloc(100);
  (void)unwanted;
  _exit(0);
}
