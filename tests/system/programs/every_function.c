/* SPDX-License-Identifier: Apache-2.0 */
/* Calls every function of the C headers once, as a user of the installed
 * library, and checks what it did: C99. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <memseal/memseal.h>
#include <memseal/memseal_arena.h>
#include <memseal/memseal_ro_after_init.h>
#include <memseal/memseal_secret.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(condition)                                         \
  do {                                                           \
    if (!(condition)) {                                          \
      printf("line %d: not so: %s (%s)\n", __LINE__, #condition, \
             strerror(errno));                                   \
      return 1;                                                  \
    }                                                            \
  } while (0)

static char *new_page(size_t page) {
  return mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static int denied(int result) {
  return result == -1 && errno == EPERM;
}

static int seals(size_t page) {
  char *one = new_page(page), *two = new_page(page), *three = new_page(page);
  struct memseal_range ranges[2] = {{0, 0, MEMSEAL_ALL, 0},
                                    {0, 0, MEMSEAL_ALL, 0}};
  struct memseal_info info;
  void *mapped;
  CHECK(mprotect(one, page, PROT_READ) == 0); /* control */
  CHECK(memseal(one, page, MEMSEAL_ALL, 0) == 0);
  CHECK(denied(mprotect(one, page, PROT_READ)));
  ranges[0].addr = two;
  ranges[1].addr = three;
  ranges[0].len = ranges[1].len = page;
  CHECK(memseal_many(ranges, 2, 0) == 0);
  CHECK(denied(munmap(two, page)) && denied(munmap(three, page)));
  mapped = memseal_map(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0, MEMSEAL_ALL, 0);
  CHECK(mapped != MAP_FAILED && denied(munmap(mapped, page)));
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(memseal_query(one, &info) == 0 && info.types == MEMSEAL_ALL);
  CHECK(memseal_query(&info, &info) == 0 && info.types == 0);
  CHECK(strlen(memseal_sentence(EINVAL)) > 10);
  CHECK(strchr(memseal_version(), '.') != NULL);
  return 0;
}

static int arenas(size_t page) {
  struct memseal_arena *arena;
  struct memseal_arena_info info;
  char *text;
  CHECK(memseal_arena_create(&arena, 0, MEMSEAL_ARENA_AUTO) == 0);
  CHECK((text = memseal_arena_allocate(arena, page, page)) != NULL);
  strcpy(text, "built");
  CHECK(!memseal_arena_is_sealed(arena, text, page));
  CHECK(memseal_arena_seal(arena) == 0);
  CHECK(memseal_arena_is_sealed(arena, text, page));
  memseal_arena_query(arena, &info);
  CHECK(info.sealed == page && info.open == 0);
  CHECK(denied(mprotect(text, page, PROT_READ | PROT_WRITE)));
  return 0;
}

static int objects(size_t page) {
  static const char constant[] = "of this program";
  char *here = (char *)((size_t)constant & ~(page - 1));
  CHECK(mprotect(here, page, PROT_READ) == 0); /* control */
  CHECK(memseal_object(constant, 0) == 0);
  CHECK(denied(mprotect(here, page, PROT_READ)));
  CHECK(memseal_self(0) >= 0);
  return 0;
}

MEMSEAL_RO_AFTER_INIT static int variable = 1;

static int variables(void) {
  struct memseal_range none = {0, 0, 0, 0};
  CHECK(memseal_seal_variables(&none, 1, 0) == -1 && errno == ENODATA);
  CHECK(!memseal_is_sealed(&variable, sizeof variable));
  variable = 2; /* control */
  CHECK(memseal_seal_ro_after_init() == 0);
  CHECK(memseal_seal_ro_after_init() == 0); /* twice is fine */
  CHECK(memseal_is_sealed(&variable, sizeof variable) && variable == 2);
  CHECK(memseal_ro_after_init_is_sealed(variable));
  return 0;
}

static int secrets(void) {
  struct memseal_secret *kept, *wiped;
  struct memseal_secret_info info;
  CHECK(memseal_secret_create(&kept, 32, 0) == 0);
  CHECK(memseal_secret_create(&wiped, 32, 0) == 0);
  strcpy(memseal_secret_edit(kept), "a key");
  CHECK(memseal_secret_seal(kept, 0) == 0);
  CHECK(strcmp(memseal_secret_read(kept), "a key") == 0);
  CHECK(denied(memseal_secret_wipe(kept)));
  CHECK(memseal_secret_wipe(wiped) == 0);
  info.info_size = sizeof info;
  CHECK(memseal_secret_query(wiped, &info) == 0);
  CHECK(info.state == MEMSEAL_SECRET_WIPED);
  CHECK(memseal_secret_free(wiped) == 0);
  return 0;
}

/* What only a filter does, last: it stays. */
static int filters(size_t page) {
  char *four = new_page(page);
  CHECK(memseal_harden(MEMSEAL_BASE_COMPATIBLE) == 0);
  CHECK(memseal_mprotect(four, page, PROT_READ | MEMSEAL_PROT_IMMUTABLE) == 0);
  CHECK(denied(mprotect(four, page, PROT_READ)));
  return 0;
}

int main(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (memseal_explain_faults() != 0)
    return 1;
  if (seals(page) || arenas(page) || variables() || secrets() ||
      objects(page) || filters(page))
    return 1;
  puts("every function works");
  return 0;
}
