#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A process whose child of vfork(2) has not executed yet cannot be stopped:
# attach says so in time, and leaves it as it was.
. "$(dirname "$0")/common.inc"
need gcc
[[ $(uname -m) == x86_64 ]] || skip "no attach on this machine"

cat >"$work/p.c" <<'C'
#include <stdio.h>
#include <unistd.h>
int main(void) {
  pid_t child = vfork();
  if (child == 0) {
    sleep(300);
    _exit(0);
  }
  printf("goes on\n");
  fflush(stdout);
  sleep(300);
  return 0;
}
C
gcc -O1 -w "$work/p.c" -o "$work/p"
"$work/p" >"$work/told" &
servers+=($!)
parent=$!
child() { cat "/proc/$parent/task/$parent/children"; }
wait_for grep -q . "/proc/$parent/task/$parent/children" || skip "no children file"
exits 126 timeout 60 "$memseal" attach "$parent"
says "vfork"
[[ ! -s $work/told ]]
kill "$(child | tr -d ' ')"
wait_for grep -q "goes on" "$work/told"
exits 0 "$memseal" attach "$parent" # the twin
