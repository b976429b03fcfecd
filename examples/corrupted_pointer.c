/* SPDX-License-Identifier: Apache-2.0
 * A bug as attackers like it. A buffer is followed by the pointer and the size
 * of a page that the program protects and unprotects as it needs. Too long an
 * input overwrites both, and the program's own, honest mprotect makes its code
 * writable.
 *
 *   cc -g -O1 corrupted_pointer.c -o corrupted_pointer
 *   ./corrupted_pointer                                  the attack works
 *   memseal run --on-violation=report ./corrupted_pointer   it is refused, and
 *                                              memseal names the culprit
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct Cache {
  char key[32];
  void *page;
  size_t size;
};

/* The bug: it trusts the length it is told. */
__attribute__((noinline)) static void set_key(struct Cache *cache,
                                              const void *key, size_t length) {
  memcpy(cache->key, key, length);
}

__attribute__((noinline)) static int unlock_cache(struct Cache *cache) {
  int done = mprotect(cache->page, cache->size, PROT_READ | PROT_WRITE);
  __asm__ volatile("" : : : "memory"); /* no tail call: keep this frame */
  return done;
}

int main(int argc, char **argv) {
  struct Cache cache = {.size = 4096};
  cache.page =
      mmap(NULL, cache.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  /* What a network would bring: 32 bytes of key, and 16 too many. */
  struct Cache evil = {.key = "AAAA", .size = 4096};
  extern char __executable_start[];
  evil.page = __executable_start; /* the page of the ELF header */
  set_key(&cache, &evil, sizeof evil);

  int rounds = argc > 1 ? atoi(argv[1]) : 1, refused = 0;
  for (int i = 0; i < rounds; ++i)
    refused += unlock_cache(&cache) != 0;
  if (refused == 0) {
    puts("attack: the program's own pages are writable now");
    return 0;
  }
  printf("attack: refused %d times: %s\n", refused, strerror(errno));
  return 1;
}
