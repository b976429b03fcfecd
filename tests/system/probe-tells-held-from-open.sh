#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-30 to S-44 on a sealed process, on its unsealed twin, and on one of which a
# part is sealed.
# matrix: python3
. "$SOURCE/tests/system/probe-common.inc"

own_memory=$("$python" -c '
import ctypes, os
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
read_only = libc.mmap(None, ctypes.c_size_t(4096), 1, 0x22, -1, ctypes.c_long(0))
try:
    os.pwrite(os.open("/proc/self/mem", os.O_RDWR), b"x", read_only)
    print("open")
except OSError:
    print("not applicable")')

start_sleeper 8 sealable
sealed=$sleeper
start_sleeper 7
expect 1 "$memseal" probe --json "$sleeper"
told 'd["broken"] == 0 and d["unsealed"] > 0'
# What the kernel lends cannot be split: part of it cannot be moved away.
lent='s["segment"] in ("vdso", "vvar")'
for attack in protect-write protect-none unmap map-over remap-away remap-onto \
  move-break; do
  told "verdicts('$attack', lambda s: not $lent) == {'open'}"
done
told "verdicts('unmap', lambda s: $lent) == {'open'}"
# The neighbour of a text is a segment of the same object.
told 'verdicts("unmap-across", lambda s: s["segment"] == "text") == {"open"}'
told '"held" not in set.union(*(verdicts(a["id"]) for a in d["attacks"]))'
# The 32-bit door reaches the lowest 4 GiB, where Debian's python lies; a kernel
# without it says ENOSYS. x32 numbers are mostly off.
low='lambda s: int(s["end"], 16) <= 1 << 32'
high='lambda s: int(s["begin"], 16) >= 1 << 32'
compat_works=$("$python" -c '
import json, sys
details = {s["results"]["compat-unmap"]["detail"]
           for s in json.load(sys.stdin)["segments"]
           if int(s["end"], 16) <= 1 << 32}
print("yes" if details and "ENOSYS" not in details else "no")' <<<"$output")
for attack in compat-protect compat-unmap compat-map-over; do
  told "verdicts('$attack', $high) == {'not applicable'}"
  [[ $compat_works == no ]] || told "verdicts('$attack', $low) == {'open'}"
done
told 'verdicts("x32-protect") in ({"not applicable"}, verdicts("protect-write"))'

expect 0 "$memseal" probe --json "$sealed"
told 'd["broken"] == 0 and d["unsealed"] == 0'
told 'd["trials"] == len(d["attacks"]) * len(d["segments"]) > 500'
# A shared file that was opened for reading can never become writable.
for attack in protect-write protect-all protect-none protect-same unmap \
  unmap-byte map-over map-over-page remap-away remap-onto remap-grow \
  move-break; do
  told "verdicts('$attack', lambda s: s['segment'] not in ('file', 'vvar')) == {'held'}"
done
# vvar becomes writable for nobody.
for attack in protect-none protect-same unmap map-over remap-onto move-break; do
  told "verdicts('$attack', lambda s: s['segment'] == 'vvar') == {'held'}"
done
# What lies before the vdso cannot be split, and the kernel says so first.
for attack in protect-across unmap-across; do
  told "verdicts('$attack', lambda s: s['segment'] != 'file' and not $lent) == {'held'}"
done
told 'all(r["detail"] for s in d["segments"] for r in s["results"].values())'
told 'not any(r["verdict"] == "unknown" for s in d["segments"] for r in s["results"].values())'
for attack in compat-protect compat-unmap compat-map-over; do
  [[ $compat_works == no ]] || told "verdicts('$attack', $low) == {'held'}"
done
told 'verdicts("x32-protect") in ({"not applicable"}, verdicts("protect-write"))'
# What no seal stops is told, not hidden (S-44, S-63).
# Some kernels refuse the write for every read-only page (force_override, 6.12).
told "verdicts('write-own-memory', lambda s: s['segment'] not in ('file', 'vvar')) == {'$own_memory'}"
# io_uring does with it what the call does, where rings can be made so.
told 'verdicts("discard-by-ring") in ({"not applicable"}, verdicts("discard"))'
told '"open" in verdicts("discard", lambda s: s["segment"] == "relro")'

start_sleeper 9 libc-text
expect 1 "$memseal" probe --json "$sleeper"
is_sealed='lambda s: s["segment"] == "text" and "/libc.so" in s["object"]'
told "verdicts('protect-write', $is_sealed) == {'held'}"
told "verdicts('map-over', $is_sealed) == {'held'}"
told "verdicts('map-over', lambda s: not ($is_sealed)(s)) == {'open'}"
told "all(s['sealed'] == ($is_sealed)(s) for s in d['segments'])"

expect 1 "$memseal" probe "$sleeper"
says "worked on memory that could be sealed and is not"
