#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unsealed.py PID: the executable, RELRO and vvar pages that are not sealed.

A second opinion on what has to be sealed: it shares no code with memseal. It
reads the VmFlags of /proc/PID/smaps and the program headers of the mapped files.
Sealed is what has `sl`. What a keeper seals only the keeper knows: it is asked by
`memseal status` of the build in BUILD. (That it does as it says is what
run-stops-attacks.sh shows.) Prints a line for every unsealed range, then the
totals; exits 1 if there was one.
"""
import json
import os
import re
import struct
import subprocess
import sys

PAGE = 4096
PT_GNU_RELRO = 0x6474E552
PT_LOAD = 1


def mappings(pid):
    """(begin, end, permissions, offset, name, sealed) by address."""
    current, out = None, []
    for line in open(f"/proc/{pid}/smaps", errors="surrogateescape"):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ *(.*)", line)
        if head:
            begin, end, permissions, offset, name = head.groups()
            current = (int(begin, 16), int(end, 16), permissions, int(offset, 16), name)
        elif line.startswith("VmFlags:"):
            flags = set(line.split()[1:])
            out.append(current + ("sl" in flags,))
    return out


def kept_ranges(pid, found):
    """[(begin, end)] that a keeper seals in the process."""
    if not any(name.startswith("/memfd:memseal-image") for *_, name, _ in found):
        return []
    told = subprocess.run([os.environ["BUILD"] + "/memseal", "status", "--json", pid],
                          capture_output=True, text=True).stdout
    return [(int(s["begin"], 16), int(s["end"], 16))
            for o in json.loads(told)["processes"][0]["objects"] for s in o["segments"]
            if s["sealed"] and s["engine"] == "keeper"]


def without(begin, end, ranges):
    """What is left of begin to end when the ranges are taken away."""
    left = [(begin, end)]
    for b, e in ranges:
        left = [piece for x, y in left for piece in ((x, min(y, b)), (max(x, e), y))
                if piece[0] < piece[1]]
    return left


def headers(path):
    """The program headers of a 64-bit ELF file, or None."""
    with open(path, "rb") as file:
        head = file.read(64)
        if len(head) < 64 or head[:5] != b"\x7fELF\x02":
            return None
        offset, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = file.read(size * count)
    # (type, offset, vaddr, memsz, flags)
    fields = (struct.unpack_from("<IIQQ8x8xQ", table, i * size) for i in range(count))
    return [(kind, at, address, length, flags) for kind, flags, at, address, length in fields]


def objects(found):
    """(name, bias, program headers) of every ELF object that a loader mapped."""
    files = {}
    for begin, _, permissions, offset, name, _ in found:
        if name.startswith("/"):
            files.setdefault(name, []).append((begin, offset, permissions))
    for name, parts in files.items():
        if not any("x" in permissions for _, _, permissions in parts):
            continue
        loads = [h for h in headers(name) or [] if h[0] == PT_LOAD]
        # An object may be loaded twice (dlmopen): every mapping of its first
        # page is one. What lies elsewhere is a copy that the program made for
        # itself, as V8 does with its built-in functions.
        for begin, offset, _ in parts:
            if loads and offset == loads[0][1] // PAGE * PAGE:
                yield name, begin - loads[0][2] // PAGE * PAGE, headers(name)


def wanted_ranges(found):
    """(begin, end, kind, name) of what has to be sealed."""
    for begin, end, permissions, _, name, _ in found:
        if name == "[vdso]":
            yield begin, end, "text", name
        if name in ("[vvar]", "[vvar_vclock]"):
            yield begin, end, "vvar", name
    for name, bias, table in objects(found):
        for kind, _, address, size, flags in table:
            begin = (bias + address) // PAGE * PAGE
            if kind == PT_LOAD and flags & 1 and not flags & 2:
                yield begin, -(-(bias + address + size) // PAGE) * PAGE, "text", name
            if kind == PT_GNU_RELRO:
                yield begin, (bias + address + size) // PAGE * PAGE, "relro", name


def main():
    found = mappings(sys.argv[1])
    kept = kept_ranges(sys.argv[1], found)
    total, bad = {"text": 0, "relro": 0, "vvar": 0}, 0
    for begin, end, kind, name in wanted_ranges(found):
        total[kind] += end - begin
        for b, e, permissions, _, _, sealed in found:
            b, e = max(b, begin), min(e, end)
            for x, y in without(b, e, kept) if b < e and not sealed else []:
                print(f"unsealed {kind} {x:x}-{y:x} {permissions} {name}")
                bad += y - x
    print(f"text {total['text']} bytes, relro {total['relro']} bytes, unsealed {bad} bytes")
    if total["text"] == 0:
        sys.exit("no executable page was found: looked at the wrong process")
    sys.exit(1 if bad else 0)


main()
