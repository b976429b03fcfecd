#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A static program that is not position independent, and executes itself as
# busybox does, runs under --engine=keeper and strict: addresses that a filter
# names would be those of its child. mseal(2) seals it, and that is said. The
# twin: with --engine=filter, which is for one image, the child is refused.
. "$(dirname "$0")/common.inc"
need gcc
[[ $(uname -m) == x86_64 ]] || skip "the tracer knows x86-64 only"
needs_mseal
cat >"$work/a.c" <<'X'
#include <stdio.h>
#include <unistd.h>
int main(int count, char **words) {
  char *again[] = {words[0], "again", NULL};
  puts(count > 1 ? "child" : "root");
  fflush(stdout);
  return count > 1 ? 7 : execv("/proc/self/exe", again);
}
X
gcc -O1 -static -no-pie "$work/a.c" -o "$work/fixed"
exits 7 "$work/fixed"

exits_nonzero "$memseal" run --engine=filter -- "$work/fixed"
not grep -q '^child$' "$work/said"

for engine in keeper strict auto native; do
  exits 7 "$memseal" run --engine=$engine --report="$work/report" -- "$work/fixed"
  grep -q '^child$' "$work/said"
  grep -q ' text sealed native$' "$work/report"
done
exits 7 "$memseal" run --strict -- "$work/fixed"
says "is sealed by mseal(2) alone"
