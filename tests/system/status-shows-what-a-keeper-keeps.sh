#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a keeper has sealed it tells: status shows it as sealed by a keeper where
# one is found that looks after the process, and as not counted where there is
# none, no filter, a dead one, or one that permits.
. "$SOURCE/tests/system/status-common.inc"
marked=$SOURCE/tests/system/programs/kept.py

# start FD COMMAND...: sets `pid` and `child`.
start() {
  local fd=$1 word
  shift
  mkfifo "$work/in$fd" "$work/out$fd"
  "$@" <"$work/in$fd" >"$work/out$fd" &
  eval "exec $fd>\"$work/in$fd\""
  read -r word pid child <"$work/out$fd"
  [[ $word == ready ]] || fail "$*: $word"
}

# told EXPRESSION: about the process in the JSON text in `output`.
told() {
  "$python" -c '
import json, sys
(p,) = json.load(sys.stdin)["processes"]
segments = [s for o in p["objects"] for s in o["segments"] if s["sealable"]]
sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" <<<"$output" ||
    fail "$1: ${output:0:2000}"
}

# A page that looks as if it stood for an image is nothing.
start 7 "$python" "$marked" page
expect 1 "$tool" status --json "$pid"
told 'not any(s["kept"] or s["sealed"] for s in segments)'
told 'p["keeper"] is None and "knows of no seccomp filter" in p["keeper_doubt"]'
expect 1 "$tool" status "$pid"
says "which is not counted: the kernel knows of no seccomp filter"
# Nor is a process without one doubted.
start 6 "$python" "$marked"
expect 1 "$tool" status --json "$pid"
told 'p["keeper"] is None and p["keeper_doubt"] == ""'

"$tool" run --require --engine=keeper -- true 2>/dev/null ||
  { echo "skip: no keeper can be started here (Linux 5.7)"; exit 77; }
start 8 "$tool" run --engine=keeper -- "$python" "$marked" fork
parent=$pid forked=$child
for pid in "$parent" "$forked"; do
  expect 0 "$tool" status --json "$pid"
  told 'all(s["kept"] and s["sealed"] and s["engine"] == "keeper" for s in segments)'
  told 'p["totals"]["sealable"]["claimed"] == p["totals"]["sealable"]["sealed"] > 0'
  told 'p["keeper_doubt"] == ""'
done
keeper=$("$python" -c '
import json, sys
print(json.load(sys.stdin)["processes"][0]["keeper"])' <<<"$output")
[[ $(cat "/proc/$keeper/comm") == memseal-keeper ]] || fail "keeper $keeper"
expect 0 "$tool" status "$parent"
says "Seals by keeper are what process"
says "$keeper, a keeper"
says "0 B are by the kernel itself"
expect 0 "$tool" status --unsealed "$parent"

# A daemon's parents are gone.
start 5 "$tool" run --engine=keeper -- "$python" "$marked" daemon
[[ $child == 1 ]] || fail "the daemon's code was made writable: $child"
expect 0 "$tool" status --json "$pid"
told 'all(s["kept"] and s["engine"] == "keeper" for s in segments)'
told 'p["keeper"] is not None and p["keeper_doubt"] == ""'
exec 5>&-

# The keeper of `trace` refuses nothing.
start 4 "$tool" trace -- "$python" "$marked" daemon
[[ $child == 0 ]] || fail "trace refused: $child"
expect 1 "$tool" status --json "$pid"
told 'not any(s["kept"] or s["sealed"] for s in segments)'
told 'p["keeper"] is None and "no living keeper" in p["keeper_doubt"]'
exec 4>&-

# strict: the kernel's word is there, too.
if "$tool" run --engine=native --require -- true 2>/dev/null; then
  start 9 "$tool" run --engine=strict -- "$python" "$marked"
  expect 0 "$tool" status --json "$pid"
  told 'all(s["kept"] and s["engine"] == "strict" for s in segments)'
  told 'p["totals"]["sealable"]["claimed"] == 0'
  exec 9>&-
fi

# It is there no more.
kill -9 "$keeper"
for _ in $(seq 100); do
  [[ -e /proc/$keeper ]] || break
  sleep 0.05
done
expect 1 "$tool" status --json "$parent"
told 'not any(s["kept"] or s["sealed"] for s in segments)'
told 'p["keeper"] is None and "no living keeper" in p["keeper_doubt"]'
kill -9 "$forked" "$parent"
