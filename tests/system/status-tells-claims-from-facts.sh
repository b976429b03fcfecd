#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Seals of a filter are what the process says: shown as that, and not believed
# where the kernel says otherwise.
. "$SOURCE/tests/system/status-common.inc"

# start_claimant FD ARG...: sets `claimant`, `first` and `second`.
start_claimant() {
  local fd=$1 word
  shift
  mkfifo "$work/in$fd" "$work/out$fd"
  "$python" "$SOURCE/tests/system/programs/claimant.py" "$@" \
    <"$work/in$fd" >"$work/out$fd" &
  claimant=$!
  eval "exec $fd>\"$work/in$fd\""
  read -r word first second <"$work/out$fd"
  [[ $word == ready ]] || { echo "skip: the filter engine: $word $first"; exit 77; }
}

# engine ADDRESS: what the JSON text in `output` says of the page there.
engine() {
  "$python" -c '
import json, sys
(process,) = json.load(sys.stdin)["processes"]
for o in process["objects"]:
    for s in o["segments"]:
        if int(s["begin"], 16) <= int(sys.argv[1], 16) < int(s["end"], 16):
            print(s["engine"], s["sealed"], *s["filter_types"], s["downgradable"])
' "$1" <<<"$output"
}

start_claimant 7 lie
expect 1 "$tool" status --json "$claimant"
says '"filter_register": true'
says "the kernel knows of no seccomp filter"
[[ $(engine "$first") == "None False False" ]] || fail "believed: $(engine "$first")"
expect 1 "$tool" status "$claimant"
says "not counted: the kernel knows of no seccomp filter"

start_claimant 8 damage
expect 1 "$tool" status --json "$claimant"
says "its register is damaged"
[[ $(engine "$first") == "None False False" ]] || fail "believed: $(engine "$first")"

start_claimant 9 filter "$BUILD/libmemseal.so"
expect 1 "$tool" status --json "$claimant"
says '"filter_register_doubt": ""'
[[ $(engine "$first") == "filter True seal mprotect munmap mmap mremap discard False" ]] ||
  fail "a whole seal: $(engine "$first")"
[[ $(engine "$second") == "filter False mprotect True" ]] ||
  fail "a downgrade-only seal: $(engine "$second")"
expect 1 "$tool" status "$claimant"
says "filter: mprotect, downgradable"
says "what the process says"
