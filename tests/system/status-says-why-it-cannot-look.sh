#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One clear sentence and the documented exit code for every bad input.
. "$SOURCE/tests/system/status-common.inc"

for mistake in "" "0" "-1" "12x" "99999999999999" "--nonsense" "--json --map self" \
  "--color=blue self"; do
  # shellcheck disable=SC2086
  expect 2 "$tool" status $mistake
  says "memseal: "
done

expect 0 bash -c 'exit 0' # control
bash -c 'exit 0' &
gone=$!
wait "$gone"
expect 3 "$tool" status "$gone"
says "there is no process $gone"

# A zombie has a pid and no memory.
"$python" -c '
import os, time
child = os.fork()
if child == 0: os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
time.sleep(20)' >"$work/zombie" &
parent=$!
for _ in {1..100}; do [[ -s $work/zombie ]] && break; sleep 0.05; done
read -r zombie <"$work/zombie"
expect 3 "$tool" status "$zombie"
says "memseal: "
kill "$parent"

# Another user's process. Control: its owner can look.
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  start_sleeper 9
  chmod 755 "$work"
  cp "$tool" "$work/tool"
  expect 1 "$work/tool" status "$sleeper"
  expect 3 setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$work/tool" status "$sleeper"
  says "cannot be read: Permission denied"
fi

# The rest is still shown when one cannot be.
start_sleeper 8
expect 3 "$tool" status "$gone" "$sleeper"
says "libc.so"
expect 1 "$tool" status "$sleeper"
