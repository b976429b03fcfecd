#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `status --tree` shows a process and all that descend from it, and fails if one
# of them is not sealed: a child with a cleaned environment, which no loader
# module reaches.
. "$SOURCE/tests/system/status-common.inc"

"$tool" run --engine=native --require -- true 2>/dev/null ||
  { echo "skip: no mseal(2) here"; exit 77; }

# start FD SCRIPT: a sealed shell that does it, then waits until FD is closed.
start() {
  local fd=$1 word
  mkfifo "$work/in$fd" "$work/out$fd"
  "$tool" run --engine=native -- bash -c "$2 echo ready; read -r _; kill \$!" \
    <"$work/in$fd" >"$work/out$fd" &
  root=$!
  eval "exec $fd>\"$work/in$fd\""
  read -r word <"$work/out$fd"
  [[ $word == ready ]] || fail "$2: $word"
  child=$(pgrep -P "$root" sleep)
  # The shell says ready before its child has executed and sealed itself.
  for _ in $(seq 100); do
    [[ $(readlink "/proc/$child/exe") == */sleep ]] && break
    sleep 0.05
  done
  sleep 0.2
}

start 7 'sleep 1000 &'
expect 0 "$tool" status --tree "$root"
(($(wc -l <<<"$output") == 2)) || fail "not two lines: $output"
says "  $root  bash  "
says "$child    sleep"

start 8 'env -i sleep 1000 &'
expect 0 "$tool" status "$root"
expect 1 "$tool" status --tree "$root"
says "$child    sleep"
[[ $(grep -c '100 %' <<<"$output") == 1 ]] || fail "who is sealed? $output"
expect 1 "$tool" status --tree --json "$root"
pids=$("$python" -c '
import json, sys
print(*[p["pid"] for p in json.load(sys.stdin)["processes"]
        if not p["everything_sealed"]])' <<<"$output")
[[ $pids == "$child" ]] || fail "unsealed: $pids"
exec 7>&- 8>&-

expect 3 "$tool" status --tree 999999999
says "there is no process"
