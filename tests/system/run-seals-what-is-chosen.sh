#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --segments and --types: what they name is refused, what they leave out is as
# free as in the unsealed twin, in the program and in what it opens later, and
# the report tells which is which.
. "$(dirname "$0")/common.inc"
source=$SOURCE/tests/system/programs/tries_each_segment.c
gcc -O1 "$source" -o "$work/dynamic"
gcc -O1 -static-pie "$source" -o "$work/static" 2>"$work/warnings"
gcc -O1 -shared -fPIC -DLIBRARY "$source" -o "$work/library.so"

free='text=0 rodata=0 relro=0 munmap=0'
whole='text=1 rodata=1 relro=1 munmap=1'

# answers WANTED OPTION... -- PROG ARG...: both the program and, if it opens
# one, the library find WANTED.
answers() {
  local wanted=$1
  shift
  exits 0 "$memseal" run --policy=none --report="$work/report" "$@"
  says "program $wanted"
  grep -E '^(program|library) ' "$work/said" >"$work/answers"
  not grep -v " $wanted\$" "$work/answers"
}
program=("$work/dynamic" "$work/library.so")

exits 0 "${program[@]}"
says "program $free"
says "library $free"

needs_mseal
answers "$whole" -- "${program[@]}"
answers 'text=0 rodata=0 relro=1 munmap=0' --segments=relro -- "${program[@]}"
grep -q '/dynamic .* text not sealed: --segments leaves it out' "$work/report"
grep -q '/library.so .* relro sealed native' "$work/report"
answers 'text=1 rodata=0 relro=0 munmap=0' --segments text -- "${program[@]}"
answers 'text=0 rodata=1 relro=1 munmap=1' --segments=relro,rodata \
  -- "${program[@]}"
# What was left out on purpose is nothing that is missing.
answers 'text=0 rodata=0 relro=1 munmap=0' --segments=relro --require \
  -- "${program[@]}"
for engine in keeper strict filter; do
  answers 'text=1 rodata=0 relro=0 munmap=0' --engine=$engine --segments=text \
    -- "${program[@]}"
done

# From outside, too.
answers 'text=0 rodata=0 relro=1 munmap=0' --segments=relro -- "$work/static"
grep -q 'text not sealed: --segments leaves it out' "$work/report"
answers 'text=1 rodata=0 relro=0 munmap=0' --segments=text -- "$work/static"
answers 'text=1 rodata=0 relro=0 munmap=0' --segments=text --engine=keeper \
  -- "$work/static"

# A policy says the same.
printf 'segments = ["relro"]\nreport = "%s"\n' "$work/policy-report" \
  >"$work/relro.toml"
exits 0 "$memseal" run --policy="$work/relro.toml" -- "${program[@]}"
says "program text=0 rodata=0 relro=1 munmap=0"
says "library text=0 rodata=0 relro=1 munmap=0"

# Single types, where the engine can.
answers 'text=0 rodata=0 relro=0 munmap=1' --engine=filter --types=munmap \
  -- "${program[@]}"
grep -q '/library.so .* text sealed filter' "$work/report"
answers 'text=1 rodata=1 relro=1 munmap=0' --engine=filter --types=mprotect \
  -- "${program[@]}"
answers 'text=1 rodata=0 relro=0 munmap=0' --engine=filter --types=mprotect \
  --segments=text -- "${program[@]}"
answers "$whole" --engine=filter --types=all -- "${program[@]}"
answers 'text=0 rodata=0 relro=0 munmap=1' --engine=filter --types=munmap \
  -- "$work/static"
for engine in auto native keeper strict; do
  exits 125 "$memseal" run --engine=$engine --types=munmap -- "$work/dynamic"
  says "single types only with --engine=filter"
done
exits 125 "$memseal" run --segments=bss -- true
says "'bss' is not one of text,rodata,relro"
exits 125 "$memseal" run --segments=text,text -- true

# status repeats the wish; where there is none it says nothing of the kind.
# repeats WISH OPTION...
repeats() {
  local wish=$1
  shift
  "$memseal" run "$@" -- sleep 60 &
  servers+=($!)
  wait_for grep -q sleep "/proc/$!/comm"
  wait_for grep -q ' sl ' "/proc/$!/smaps"
  "$memseal" status --json $! >"$work/status.json" || true
  /usr/bin/python3 -c 'import json, sys
(process,) = json.load(open(sys.argv[1]))["processes"]
assert process["left_out"] == sys.argv[2], process["left_out"]
' "$work/status.json" "$wish"
}
repeats segments=relro --segments=relro --require
repeats 'except=libc.so*' --except='libc.so*'
repeats '' --require
