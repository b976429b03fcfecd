#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The limits that a program runs under bind its keeper too, who serves a tree for
# as long as it lives: it hands over before its processor time is used up, and
# refuses what it has no memory to judge.
. "$(dirname "$0")/common.inc"
need gcc timeout
cat >"$work/busy.c" <<'C'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
extern char __executable_start;
int main(int argc, char **argv) { /* busy CALLS: half on its own text */
  char *own = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  long calls = atol(argv[argc - 1]), denied = 0, failed = 0;
  for (long i = 0; i < calls; ++i) {
    failed += mprotect(own, 4096, PROT_READ | (i % 2 ? PROT_WRITE : 0)) != 0;
    if (mprotect(&__executable_start, 4096, PROT_READ) == -1 && errno == EPERM)
      ++denied;
  }
  printf("%ld denied, %ld failed\n", denied, failed);
}
C
gcc -O1 "$work/busy.c" -o "$work/busy"

exits 0 bash -c "ulimit -t 1; $work/busy 1000" # the twin
says "0 denied, 0 failed"

# No program uses a second; their keeper uses more, by turns: each turn is a
# process, the child of the first keeper, and that of a process of its own.
cat >"$work/script" <<'SH'
busy=$1
first=$("$BUILD/memseal-tool" status --json $$ | grep -om1 '"keeper": *[0-9]*')
first=${first//[^0-9]/}
[[ -n $first ]] || exit 3
parent=$(ps -o ppid= -p "$first")
[[ $(<"/proc/${parent// /}/comm") == memseal-keeper ]] && first=${parent// /}
seen=' '
for i in $(seq 2000); do
  "$busy" 2000 || exit 4
  now=$(pgrep -P "$first" memseal-keeper) || exit 5
  [[ $seen == *" $now "* ]] || seen+="$now "
  [[ $(wc -w <<<"$seen") -ge 4 ]] && break
done
wc -w <<<"$seen"
SH
run=("$memseal" run --engine=keeper --require --)
exits 0 timeout 250 bash -c "ulimit -t 1; exec ${run[*]} bash $work/script $work/busy"
not grep -v '^2000 denied, 0 failed$\|^4$' "$work/said"
# The same keeper when it watches.
exits 0 timeout 60 bash -c "ulimit -t 1; exec $memseal run --on-violation=report \
  --report=$work/report -- bash -c 'for i in 1 2 3; do $work/busy 2000; done'"
[[ $(grep -c '^2000 denied, 0 failed$' "$work/said") == 3 ]]

# Little memory: what works without memseal works, sealed or not.
for kibibytes in 40000 20000 14000; do
  exits 0 bash -c "ulimit -v $kibibytes; $work/busy 1000"
  exits 0 bash -c "ulimit -v $kibibytes; exec $memseal run --engine=keeper -- $work/busy 1000"
  says " 0 failed"
done
