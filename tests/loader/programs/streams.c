/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves streams of every kind open at exit. Nothing is wrong with them. */
#include "portable.h"

#include <wchar.h>

static ssize_t take(void *cookie, const char *bytes, size_t size) {
  (void)cookie, (void)bytes;
  return (ssize_t)size;
}

int main(void) {
  static char memory[64], *grown;
  static size_t size;
  cookie_io_functions_t functions = {.write = take};
  FILE *streams[] = {fopencookie(NULL, "w", functions),
                     open_memstream(&grown, &size),
                     fmemopen(memory, sizeof memory, "w+"),
                     tmpfile(),
                     fopen("/dev/null", "w"),
                     fopen("/dev/null", "r+m"),
                     fopen("/dev/zero", "rm"),
                     popen("exit 0", "r"),
                     fdopen(dup(1), "w")};
  int opened = 0;
  for (unsigned i = 0; i < sizeof streams / sizeof *streams; ++i) {
    opened += streams[i] != NULL;
    if (streams[i] != NULL && i != 6 && i != 7)
      fputs("some text that stays in the buffer", streams[i]);
    if (i == 6 && streams[i] != NULL)
      getc(streams[i]);
  }
  FILE *wide = fopen("/dev/null", "w"), *again = fopen("/dev/zero", "r");
  fputwc(L'w', wide);
  again = freopen("/dev/null", "w", again);
  fputws(L"wide", again);
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("opened=%d\n", opened);
  return 0;
}
