#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `status --all` costs about the same for each process, a second for 500 of
# them, and one that has mapped as much as it may does not change that: it is
# told as too much, by itself it is looked at in full.
. "$(dirname "$0")/common.inc"
tool=$BUILD/memseal-tool
cd "$work"

# crowd NUMBER: so many processes more, sleeping.
/usr/bin/python3 - >pids <<'PY' &
import os, sys, time
for _ in range(500):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
print("ready", flush=True)
time.sleep(600)
PY
parent=$!
servers+=("$parent")
trap 'pkill -P "$parent" || true; finish' EXIT
wait_for grep -q ready pids

# cost COMMAND...: processor time in milliseconds, whatever else runs here.
cost() {
  /usr/bin/python3 - "$@" <<'PY'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(int(1000 * (used.ru_utime + used.ru_stime)))
PY
}
mapfile -t some < <(pgrep -P "$parent" | head -50)
mapfile -t all < <(pgrep -P "$parent")
((${#all[@]} == 500))
few=$(cost "$tool" status --summary "${some[@]}")
many=$(cost "$tool" status --summary "${all[@]}")
echo "50 processes: $few ms; 500: $many ms"
limit=1000
[[ -e /proc/1/root/qemu || $(systemd-detect-virt 2>/dev/null) == qemu ]] &&
  limit=20000 # emulated
((many <= limit))
# Linear: ten times as many are at most as much dearer, start-up apart.
((many <= 15 * few + 100))

# One with 60,000 mappings.
/usr/bin/python3 - >hostile <<'PY' &
import ctypes, mmap, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
size = 4096 * 120000
at = libc.mmap(None, ctypes.c_size_t(size), 1, 0x22, -1, 0)
for i in range(0, 120000, 2):
    if libc.mprotect(ctypes.c_void_p(at + i * 4096), 4096, 3) != 0:
        break
print("ready", flush=True)
time.sleep(600)
PY
hostile=$!
servers+=("$hostile")
wait_for grep -q ready hostile
(($(wc -l <"/proc/$hostile/maps") > 20000))
both=$(cost "$tool" status --summary "${all[@]}" "$hostile")
echo "and one with $(wc -l <"/proc/$hostile/maps") mappings: $both ms"
((both <= many + 500 || limit > 1000))
exits 3 "$tool" status --summary "$hostile" "${all[0]}"
says 'too_much'
exits 1 "$tool" status "$hostile"
