/* SPDX-License-Identifier: Apache-2.0 */
/* A table of functions that is filled at start-up and never again: C99.
 *
 *   cc -std=c99 dispatch_table.c $(pkg-config --cflags --libs memseal)
 *   dispatch_table NAME NUMBER */
#include <errno.h>
#include <memseal/memseal_ro_after_init.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char name[24];
  long (*function)(long);
};
MEMSEAL_RO_AFTER_INIT static struct entry table[16] = {{"", 0}};

static long twice(long n) {
  return 2 * n;
}

static void add(int at, const char *name, long (*function)(long)) {
  snprintf(table[at].name, sizeof table[at].name, "command %s", name);
  table[at].function = function;
}

int main(int argc, char **argv) {
  add(0, "twice", twice);
  if (memseal_seal_ro_after_init() != 0) {
    fprintf(stderr, "not sealed: %s\n", memseal_sentence(errno));
    return 1;
  }
  for (int i = 0; argc == 3 && table[i].function != NULL; ++i)
    if (strcmp(table[i].name + 8, argv[1]) == 0)
      return printf("%ld\n", table[i].function(atol(argv[2]))) < 0;
  fprintf(stderr, "usage: dispatch_table twice NUMBER\n");
  return 2;
}
