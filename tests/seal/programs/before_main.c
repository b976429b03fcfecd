/* SPDX-License-Identifier: Apache-2.0 */
/* Seals before any constructor, in a constructor, and checks in main (S-77).
 * Exit: 0, or the step that failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <memseal/memseal.h>
#include <stdint.h>
#include <sys/mman.h>

static char early[8192] __attribute__((aligned(4096)));
static char later[8192] __attribute__((aligned(4096)));
static char twin[8192] __attribute__((aligned(4096)));
static int early_outcome = 1, later_outcome = 1;

static void before_constructors(int count, char **words, char **environment) {
  (void)count, (void)words, (void)environment;
  early_outcome = memseal(early, 4096, MEMSEAL_ALL, MEMSEAL_NATIVE);
  if (early_outcome != 0 && errno == EOPNOTSUPP)
    early_outcome = memseal(early, 4096, MEMSEAL_ALL, MEMSEAL_FILTER);
}
__attribute__((section(".preinit_array"),
               used)) static void (*const entry)(int, char **,
                                                 char **) = before_constructors;

__attribute__((constructor)) static void in_constructor(void) {
  later_outcome = memseal(later, 4096, MEMSEAL_ALL, MEMSEAL_FILTER);
}

int main(void) {
  if (early_outcome != 0)
    return 1;
  if (later_outcome != 0)
    return 2;
  if (mprotect(twin, 4096, PROT_READ) != 0)
    return 3;
  if (mprotect(early, 4096, PROT_READ) == 0 || errno != EPERM)
    return 4;
  if (mprotect(later, 4096, PROT_READ) == 0 || errno != EPERM)
    return 5;
  struct memseal_info info;
  info.size = sizeof info;
  if (memseal_query(early, &info) != 0 || info.types != MEMSEAL_ALL)
    return 6;
  return 0;
}
