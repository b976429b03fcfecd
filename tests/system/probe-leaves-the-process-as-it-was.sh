#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The process that was probed has the same mappings, no child, no signal, and its
# calls went on.
# matrix: python3
. "$SOURCE/tests/system/probe-common.inc"

cat >"$work/watchful.py" <<'PYTHON'
import os, signal, sys, threading, time
signals = []
for number in (signal.SIGCHLD, signal.SIGTRAP, signal.SIGUSR1):
    signal.signal(number, lambda n, frame: signals.append(n))
maps = lambda: [l for l in open("/proc/self/maps") if "heap" not in l and " rw" not in l]
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
before = maps()
print("ready", flush=True)
began = time.monotonic()
time.sleep(3)
slept = time.monotonic() - began
word = sys.stdin.readline()
try:
    os.wait()
    print("a child was left")
except ChildProcessError:
    pass
print("signals", signals, "maps", maps() == before, "slept", slept >= 3, flush=True)
PYTHON
mkfifo "$work/in"
"$python" "$work/watchful.py" <"$work/in" >"$work/out" &
watchful=$!
exec 8>"$work/in"
for _ in {1..100}; do [[ -s $work/out ]] && break; sleep 0.05; done
expect 1 "$memseal" probe --json "$watchful"
told 'd["pid"] == '"$watchful"
kill -USR1 "$watchful" # control: a signal is seen
expect 1 "$memseal" probe --json "$watchful"
[[ $(grep TracerPid "/proc/$watchful/status") == *$'\t0' ]] || fail "still traced"
# wait(2) does not see a child without a signal at its end; ps does.
left=$(pgrep -P "$watchful" || :)
[[ -z $left ]] || fail "children are left: $left"
echo go >&8
wait "$watchful"
grep -qx "signals \[10\] maps True slept True" "$work/out" || fail "$(<"$work/out")"

# No copy is left behind.
sleep 0.2
! pgrep -f "$work/watchful.py" >/dev/null || fail "a copy is left"
