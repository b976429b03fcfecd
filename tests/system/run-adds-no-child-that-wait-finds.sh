#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program that waits until it has no child does not wait for memseal's
# processes: not as an ordinary program, not if it adopts orphans, not as the
# first process of a container.
. "$(dirname "$0")/common.inc"
need gcc timeout
gcc -O1 "$SOURCE/tests/system/programs/waits.c" -o "$work/waits"
children="3 children, then No child processes"

# ends COMMAND...
ends() {
  exits 0 timeout 20 "$@"
  says "$children"
}

ends "$work/waits" # the twin
ends "$work/waits" adopts "$work/waits"
for options in --engine=keeper --strict --engine=filter --on-violation=report \
  '--on-violation=report --dlopen=skip' --how=trace --how=trace-children; do
  [[ $options == --how* && $(uname -m) != x86_64 ]] && continue
  # shellcheck disable=SC2206
  run=("$memseal" run $options --require --report="$work/report" --)
  ends "${run[@]}" "$work/waits"
  ends "$work/waits" adopts "${run[@]}" "$work/waits"
  # In a PID namespace it is the first process; root may make one.
  if unshare --fork --pid true 2>/dev/null; then
    ends unshare --fork --pid --mount-proc --kill-child "${run[@]}" "$work/waits"
  fi
done

# strace waits with __WALL, for children of every kind, until it has none.
if command -v strace >/dev/null && [[ $(uname -m) == x86_64 ]]; then
  for options in --engine=keeper --strict --on-violation=report; do
    exits 3 timeout -k 1 20 "$memseal" run $options --require \
      --report="$work/report" -- strace -f -o /dev/null sh -c 'exit 3'
  done
fi

# A keeper that the program starts itself, by its first mseal(2).
ends "$memseal" run --provide-mseal=always -- "$work/waits" seals
