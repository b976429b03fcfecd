#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is sent to `memseal trace` reaches the program, once, which can so end
# gracefully.
. "$(dirname "$0")/common.inc"
need /usr/bin/python3

cat >"$work/server.py" <<'P'
import os, signal, sys, time
def note(number, frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(7)
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1,
               signal.SIGUSR2, signal.SIGWINCH, signal.SIGTERM):
    signal.signal(number, note)
print("ready", flush=True)
while True:
    time.sleep(1)
P
signals=(INT QUIT HUP USR1 USR2 WINCH TERM)

# steered COMMAND...: runs it, sends it each signal when the last one was told.
steered() {
  local told="$work/told" status=0 pid number count=1
  "$@" /usr/bin/python3 "$work/server.py" >"$told" 2>"$work/summary" &
  pid=$!
  wait_for grep -q ready "$told"
  for number in "${signals[@]}"; do
    kill -"$number" "$pid"
    count=$((count + 1))
    wait_for_lines "$told" "$count"
  done
  wait "$pid" || status=$?
  ((status == 7))
  [[ $(tail -n +2 "$told" | tr '\n' ' ') == "$(printf 'SIG%s ' "${signals[@]}")" ]]
}
wait_for_lines() {
  local try
  for try in $(seq 200); do
    (($(wc -l <"$1") >= $2)) && return 0
    sleep 0.05
  done
  return 1
}

steered env # the twin
steered "$memseal" trace --
[[ -s $work/summary ]]
