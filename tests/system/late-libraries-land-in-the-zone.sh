#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keeper is asked about a zone of memory only (docs/exec.md). Libraries of
# dlopen land in it and are sealed, while threads map memory, and a dlopen of
# what is not there fails in between.
. "$(dirname "$0")/common.inc"
need gcc
programs=$SOURCE/tests/system/programs
gcc -O1 -o "$work/works" "$programs/works_beside_the_zone.c" -pthread -ldl
libraries=()
for i in $(seq 20); do
  gcc -shared -fPIC -DLIBRARY -o "$work/lib$i.so" "$programs/opens_libraries.c"
  libraries+=("$work/lib$i.so")
done

# start COMMAND...: with its streams as 3 and 4.
start() {
  coproc program { "$@" 2>"$work/said"; }
  exec 3>&"${program[1]}" 4<&"${program[0]}"
  servers+=("$program_PID")
  pid=$program_PID
  read -r -t 60 line <&4
  [[ $line == loaded ]]
}
# tells TEXT: what the program answers to a line.
tells() {
  echo >&3
  read -r -t 60 line <&4
  [[ $line == "$1" ]] || {
    echo "'$line', not '$1'" >&2
    return 1
  }
}

# The twin: unsealed, code can be made writable.
start "$work/works" "${libraries[@]}"
tells "own 0 code 0"
kill "$pid"
wait "$pid" || true

start "$memseal" run --engine=keeper --require --report="$work/report" -- \
  "$work/works" "${libraries[@]}"
tells "own 0 code 1"
for i in $(seq 20); do
  grep -q "/lib$i.so .* text sealed keeper$" "$work/report"
done
not grep -q outside_zone "$work/report"

kill "$pid"
wait "$pid" || true
