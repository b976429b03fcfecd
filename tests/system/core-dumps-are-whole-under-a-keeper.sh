#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keeper's seals take nothing out of core dumps: gdb names the frames of libc in
# the kernel's dump and in gcore's, as it does without.
. "$(dirname "$0")/common.inc"
need gcc gdb gcore
"$memseal" run --require --engine=keeper -- true 2>/dev/null ||
  skip "no keeper can be started here (Linux 5.7)"
cat >"$work/crash.c" <<'END'
#include <stdlib.h>
#include <unistd.h>
static int compare(const void *a, const void *b) {
  if (getenv("WAIT"))
    pause();
  abort();
}
int main(void) {
  int numbers[] = {3, 2, 1};
  qsort(numbers, 3, sizeof *numbers, compare);
}
END
gcc -g -o "$work/crash" "$work/crash.c"
cd "$work"

# frames CORE: compare() was called by libc, and that by main().
frames() {
  [[ -f $1 ]] || skip "no core dump is written here ($(cat /proc/sys/kernel/core_pattern))"
  gdb -batch -nx -ex bt -ex "info sharedlibrary" "$work/crash" "$1" >frames 2>&1
  grep -A9 "compare (" frames | grep -q "main ()" || fail_with frames
  grep -E "compare|qsort|msort" frames | grep -q "sort" || fail_with frames
  grep -q "Yes.*libc.so.6" frames || fail_with frames
}
fail_with() {
  cat "$1" >&2
  return 1
}

ulimit -c unlimited
[[ $(cat /proc/sys/kernel/core_pattern) == core ]] ||
  skip "core dumps go elsewhere: $(cat /proc/sys/kernel/core_pattern)"
for run in "" "$memseal run --engine=keeper --"; do
  rm -f core core.*
  $run ./crash 2>/dev/null || true
  for core in core*; do frames "$core"; done
  # gcore, which attaches as a debugger does.
  WAIT=1 $run ./crash &
  pid=$!
  servers=("$pid")
  for _ in $(seq 100); do
    grep -q pause /proc/$pid/syscall 2>/dev/null ||
      [[ $(cut -d' ' -f1 /proc/$pid/syscall) == 34 ]] && break
    sleep 0.05
  done
  rm -f core.*
  gcore -o core "$pid" >gcore.out 2>&1 || fail_with gcore.out
  frames "core.$pid"
  kill -9 "$pid"
done

# Files are read ahead, and nothing is advised about any sealed page.
"$memseal" run --engine=keeper -- cat /proc/self/smaps >smaps
awk '/^[0-9a-f]+-/ { file = $6 } /^VmFlags:.* (dd|rr)( |$)/ && file ~ /^\// { print file }' \
  smaps >advised
[[ ! -s advised ]] || fail_with advised
