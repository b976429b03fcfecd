#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first example of memseal.h, memseal(3) and README.md, cut out of these
# texts, seals: what was built stays as it is, whatever is tried (S-21 … S-25).
. "$(dirname "$0")/common.inc"
need cc
cd "$work"

# As its readers see it: the first block of code after the given line.
sed -n '/^ \*   /,/^ \*$/s/^ \* *//p' "$SOURCE/include/memseal/memseal.h" |
  sed '/^$/,$d' >header.inc
sed -n '/^\.Sh EXAMPLES/,$p' "$SOURCE/docs/man/memseal.3" |
  sed -n '/^\.Bd/,/^\.Ed/{/^\./!p}' | sed 's/\\e/\\/g' >manual.inc
sed -n '/^## In your own program/,$p' "$SOURCE/README.md" |
  sed -n '/^```c$/,/^```$/p' | sed '1d; /^```/,$d; /^#include/d; /^$/d' >readme.inc
: >nothing.inc # the control: the attacks work where nothing was done
printf 'memseal(table, size, MEMSEAL_ALL, 0);\n' >seal-only.inc

cat >attacked.c <<'END'
#define _GNU_SOURCE
#include <memseal/memseal.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char *table;
static size_t size = 8192;

enum { write_directly, reprotect, unmap, replace, move, discard, attacks };
static void attack(int which) {
  switch (which) {
    case reprotect:
      mprotect(table, size, PROT_READ | PROT_WRITE); /* falls through */
    case write_directly:
      table[0] = 'X';
      break;
    case unmap:
      _exit(munmap(table, size) == 0);
    case replace:
      mmap(table, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      break;
    case move:
      _exit(mremap(table, size, 64 * size, MREMAP_MAYMOVE) != MAP_FAILED);
    case discard:
      madvise(table, size, MADV_DONTNEED);
  }
}
/* Whether the table is changed or gone after it: tried in a child, which
 * inherits the seal. */
static int works(int which) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    attack(which);
    _exit(strcmp(table, "built") != 0);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != 0;
}
int main(void) {
  table = mmap(NULL, size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(table, "built");
#include EXAMPLE
  int which;
  for (which = 0; which < attacks; ++which) putchar(works(which) ? 'w' : '-');
  putchar('\n');
  return 0;
}
END
outcome() {
  [[ -f $1.inc ]]
  cc -std=c99 -Wall -Werror -I "$SOURCE/include" -DEXAMPLE="\"$1.inc\"" \
    attacked.c -o attacked "$BUILD/libmemseal.a"
  ./attacked
}
[[ $(outcome nothing) == wwwwww ]]
# The order matters: this stays writable (and with mseal(2) alone, S-63).
[[ $(outcome seal-only) == ww---[w-] ]]
for text in header manual readme; do
  [[ $(wc -l <"$text.inc") == 3 ]] || { cat "$text.inc"; exit 1; }
  grep -q MEMSEAL_ALL "$text.inc"
  [[ $(outcome "$text") == ------ ]]
done
