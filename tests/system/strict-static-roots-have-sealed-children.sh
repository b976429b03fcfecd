#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A static program starts others: with a keeper asked for, which it cannot have,
# they are sealed as without, and that is told; with --require they do not run.
. "$(dirname "$0")/common.inc"
need gcc
needs_mseal
cat >"$work/starts.c" <<'C'
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words) {
  int status = -1;
  if (fork() == 0) {
    execv(words[1], words + 1);
    _exit(99);
  }
  wait(&status);
  return count > 1 && WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
C
gcc -static -o "$work/starts" "$work/starts.c" || skip "no static libc"
child=("$work/starts" "$(command -v grep)" -qm1 '^VmFlags.* sl'
  /proc/self/smaps)

exits 1 "${child[@]}"
exits 0 "$memseal" run -- "${child[@]}"
not says "gets no keeper"
for engine in --strict --engine=strict --engine=keeper; do
  exits 0 "$memseal" run $engine -- "${child[@]}"
  says "a program without a loader gets no keeper"
  exits 125 "$memseal" run $engine --require -- "${child[@]}"
done
