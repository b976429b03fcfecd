#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# musl's loader ignores LD_AUDIT in silence; such programs are preloaded.
. "$(dirname "$0")/common.inc"
needs_mseal
need musl-gcc

cat >"$work/p.c" <<X
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  char look[4096];
  snprintf(look, sizeof look, "env -u LD_PRELOAD $unsealed %d | grep -v vdso", getpid());
  return WEXITSTATUS(system(look));
}
X
musl-gcc -o "$work/p" "$work/p.c"
exits 0 env LD_AUDIT="$BUILD/libmemseal-audit.so" "$work/p"   # the silence
says "unsealed text"
says "unsealed relro"

exits 0 "$memseal" run -- "$work/p"
not grep -E '^unsealed (text|relro)' "$work/said"
exits 125 "$memseal" run --how=audit -- "$work/p"
says "musl's loader, which has no auditing"
