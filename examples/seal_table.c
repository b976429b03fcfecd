/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is built once and must never change again: C99.
 *
 *   cc -std=c99 seal_table.c $(pkg-config --cflags --libs memseal) */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <memseal/memseal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *table = mmap(NULL, page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (table == MAP_FAILED)
    return 1;
  strcpy(table, "built once");

  /* Read-only from now on, whoever asks for something else. */
  if (mprotect(table, page, PROT_READ) != 0 ||
      memseal(table, page, MEMSEAL_ALL, 0) != 0) {
    fprintf(stderr, "seal_table: %s\n", memseal_sentence(errno));
    return 1;
  }
  if (mprotect(table, page, PROT_READ | PROT_WRITE) == 0)
    return 2;
  printf("%s, and then: %s\n", table, strerror(errno));

  struct memseal_info info;
  info.size = sizeof info;
  if (memseal_query(table, &info) != 0)
    return 3;
  printf("types 0x%x by %s\n", (unsigned)info.types,
         info.engine == MEMSEAL_NATIVE ? "mseal(2)" : "a filter");
  return 0;
}
