#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program that writes its title over its environment, as nginx does, is sealed
# as it was asked for: what is loaded later, too.
. "$(dirname "$0")/common.inc"
need gcc
cat >"$work/p.c" <<'C'
#include <dlfcn.h>
#include <string.h>
extern char **environ;
int main(void) {
  for (char **one = environ; *one; ++one)
    memset(*one, 'x', strlen(*one));
  return dlopen("libm.so.6", RTLD_NOW) == 0;
}
C
gcc "$work/p.c" -o "$work/p"

# Short options, and longer ones than there is room for at first.
for only in 'p,libm.*' "p,libm.*,$(printf 'no-such-library-%d,' $(seq 100))"; do
  rm -f "$work/report"
  exits 0 "$memseal" run --only="$only" --require --report="$work/report" -- "$work/p"
  grep -q '/libm.so.6 .* text sealed ' "$work/report"
  not grep -q ' /lib.*/libc.so.6 .* sealed ' "$work/report"
done
