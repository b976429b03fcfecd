#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Filters that name addresses stay across exec; the addresses of the first
# program are hardly ever those of its children, wherever their heaps are: below
# the first program, as a static child's is, or above it.
. "$(dirname "$0")/common.inc"
need gcc

cat >"$work/child.c" <<'C'
#include <unistd.h>
int main(void) { return sbrk(1 << 20) == (void *)-1; }
C
gcc -O1 "$work/child.c" -o "$work/pie"
gcc -O1 -static -no-pie "$work/child.c" -o "$work/static"
gcc -g -O1 "$SOURCE/examples/corrupted_pointer.c" -o "$work/attack"

# The control: such filters are there, and kill.
exits 159 "$memseal" run --on-violation=kill "$work/attack"

for how in --engine=filter --on-violation=kill --on-violation=trap; do
  for _ in $(seq 20); do
    exits 0 "$memseal" run "$how" -- sh -c '/bin/ls / >/dev/null'
    exits 0 "$memseal" run "$how" -- sh -c "$work/pie; exit \$?"
    exits 0 "$memseal" run "$how" -- sh -c "$work/static; exit \$?"
  done
done

# Filters that `memseal attach` installs.
mkfifo "$work/go"
for child in pie static; do
  for _ in $(seq 10); do
    sh -c "read -r x <$work/go; $work/$child" &
    exits 0 "$memseal" attach --engine=filter $!
    echo >"$work/go"
    wait $!
  done
done
