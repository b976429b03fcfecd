#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The JSON text has the members that memseal(1) names, and tells of every byte
# the same as smaps: exactly the code of libc is sealed.
# matrix: python3
. "$SOURCE/tests/system/status-common.inc"

start_sleeper 8 libc-text
expect 1 "$tool" status --json "$sleeper"
printf '%s' "$output" >"$work/status.json"
"$python" - "$work/status.json" "$sleeper" <<'PYTHON'
import json, platform, re, sys

status = json.load(open(sys.argv[1]))
pid = int(sys.argv[2])
assert set(status) == {"schema", "type", "time", "memseal", "machine", "processes",
                       "unread"}, status.keys()
(process,) = status["processes"]
assert set(process) == {
    "pid", "program", "name", "command", "user", "unit", "libc", "engine",
    "seccomp_mode", "seccomp_filters",
    "filter_register", "filter_register_doubt", "left_out", "keeper", "keeper_doubt",
    "everything_sealed", "totals",
    "objects"}, process.keys()
assert process["pid"] == pid
assert process["everything_sealed"] is False
assert process["filter_register"] is False
assert set(process["totals"]) == {
    "executable", "read_only", "relro", "gaps", "sealable", "jit", "other"}

kernel, begin, end = {}, 0, 0
for line in open(f"/proc/{pid}/smaps"):
    if found := re.match(
            r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)\s*(.*)", line):
        begin, end = int(found[1], 16), int(found[2], 16)
        permissions = found[3]
        anonymous = (found[4] == "0" and permissions[3] == "p" and
                     (not found[5] or found[5].startswith("[anon:")))
    elif line.startswith("VmFlags:"):
        kernel[begin, end] = (permissions, anonymous, " sl" in line)

told = []
for thing in process["objects"]:
    assert set(thing) == {"object", "note", "elf", "segments"}
    for segment in thing["segments"]:
        assert set(segment) == {
            "segment", "begin", "end", "size", "permissions", "anonymous",
            "sealable", "sealed", "engine", "filter_types", "downgradable",
            "kept"}
        b, e = int(segment["begin"], 16), int(segment["end"], 16)
        assert e - b == segment["size"] > 0
        told.append((b, e, thing, segment))

# Every byte once, and as the kernel says.
assert sum(e - b for b, e, *_ in told) == sum(e - b for b, e in kernel)
for (b, e), (after, *_) in zip([t[:2] for t in told], told[1:]):
    assert e <= after
for b, e, thing, segment in told:
    inside = [k for k in kernel if k[0] <= b and e <= k[1]]
    assert inside, segment
    permissions, anonymous, sealed = kernel[inside[0]]
    assert segment["kept"] is False
    assert segment["permissions"] == permissions
    assert segment["anonymous"] is anonymous
    assert segment["sealed"] is sealed
    assert segment["engine"] == ("native" if sealed else None)

sealed = [(t, s) for _, _, t, s in told if s["sealed"]]
assert len(sealed) == 1, sealed
assert sealed[0][0]["object"].split("/")[-1].startswith("libc.so")
assert sealed[0][1]["segment"] == "text"
assert process["totals"]["executable"]["sealed"] == sealed[0][1]["size"]
kinds = {s["segment"] for *_, s in told}
assert {"text", "relro", "data", "heap", "stack", "vdso", "vvar",
        "anonymous"} <= kinds, kinds
# Linkers for arm64 put what is read-only into the text's segment.
assert platform.machine() != "x86_64" or "rodata" in kinds, kinds
# RELRO is what the program header says: read-only, not code.
assert all(s["permissions"] == "r--p" and t["elf"]
           for _, _, t, s in told if s["segment"] == "relro")
PYTHON
