#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A call is said to be denied only if the program was told so. shmdt is told a
# success, and brk where the break is: they have no effect.
. "$(dirname "$0")/common.inc"
need cc
[[ $(uname -m) == x86_64 ]] || skip "the supervisor knows x86-64 only"
cc -O1 -o "$work/program" "$SOURCE/tests/system/programs/changes_sealed_memory.c"
run=("$memseal" run --on-violation=report --provide-mseal=always --)

for call in munmap shmdt brk; do
  exits 0 "${run[@]}" "$work/program" $call plain # control: unsealed, it works
  not grep -q 'denied\|no effect' "$work/said"
done
exits 1 "${run[@]}" "$work/program" munmap
grep -qE ': munmap\(.*: denied;' "$work/said"
for call in shmdt brk; do
  exits 1 "${run[@]}" "$work/program" $call
  grep -qE ": $call\(.*: no effect;" "$work/said"
  not grep -q denied "$work/said"
done
