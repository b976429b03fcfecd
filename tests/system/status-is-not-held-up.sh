#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever a process claims, and however many mappings it has, a look at it takes
# seconds: an unprivileged process cannot hold up the administrator's.
. "$SOURCE/tests/system/status-common.inc"

# start_crowd FD CLAIMS: sets `crowd` and `first`.
start_crowd() {
  local fd=$1 word
  mkfifo "$work/in$fd" "$work/out$fd"
  "$python" "$SOURCE/tests/system/programs/claimant.py" crowd "$2" \
    <"$work/in$fd" >"$work/out$fd" &
  crowd=$!
  eval "exec $fd>\"$work/in$fd\""
  read -r word first _ <"$work/out$fd"
  [[ $word == ready ]] || { echo "skip: no filters here: $word $first"; exit 77; }
  (($(wc -l <"/proc/$crowd/maps") > 20000)) || fail "it has too few mappings"
}

# in_time SECONDS COMMAND...: 124 if it does not end.
in_time() { timeout --signal=KILL "$@"; }

# As many as filters could hold.
start_crowd 7 32768
expect 1 in_time 60 "$tool" status --json "$crowd"
says '"filter_register": true'
says '"filter_register_doubt": ""'

# As many as a register can tell of.
start_crowd 8 1048576
expect 1 in_time 60 "$tool" status --json "$crowd"
says '"filter_register": true'
says "no filter can hold that many"
expect 1 in_time 60 "$tool" status "$crowd"
says "not counted: no filter can hold that many"

# More than that is damage.
start_crowd 9 1048577
expect 1 in_time 60 "$tool" status "$crowd"
says "its register is damaged"

code=0
in_time 120 "$tool" status --all >/dev/null 2>&1 || code=$?
((code != 137)) || fail "status --all did not end"
