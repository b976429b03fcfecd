#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --report tells what was sealed, by which engine, what was not, and why; for
# people on standard error, for programs as JSON.
# matrix: python3 perl
. "$(dirname "$0")/common.inc"
needs_mseal
cd "$work"

exits 0 "$memseal" run -- /bin/true
[[ ! -s said ]]                                     # control: silent otherwise
exits 0 "$memseal" run --report -- /bin/true
grep -qE '/bin/true 0x[0-9a-f]+-0x[0-9a-f]+ text sealed native$' said
grep -qE '/libc\.so\.6 .* relro sealed native$' said
grep -qE '\[vdso\] .* text sealed native$' said
says "data not sealed: it is writable by design"

# Standard output stays the program's own.
[[ $("$memseal" run --report -- echo hello 2>/dev/null) == hello ]]

# What is left out is told with its reason.
exits 0 "$memseal" run --report --except 'libc.so*' -- /bin/true
grep -qE '/libc\.so\.6 .*text not sealed: ' said
not grep -qE '/libc\.so\.6 .* sealed native$' said

# JSON, appended: the child of a sealed shell writes its own lines.
exits 0 "$memseal" run --report=r.json -- sh -c '/bin/true; exit 0'
/usr/bin/python3 - r.json <<'X'
import json, platform, sys
parts = [json.loads(line) for line in open(sys.argv[1])]
assert len({part["pid"] for part in parts}) == 2, "shell and child"
# Linkers for arm64 put what is read-only into the text's segment, and leave a
# gap behind it, which in what the kernel mapped (the program) is nobody's.
kinds = {part["segment"] for part in parts}
assert {"text", "relro", "data"} <= kinds, kinds
assert platform.machine() != "x86_64" or "rodata" in kinds, kinds
for part in parts:
    if part["segment"] != "gap":
        assert part["sealed"] == (part["segment"] != "data"), part
X

# Who enforces what was asked for is what is reported.
for pair in keeper:keeper strict:strict filter:filter; do
  engine=${pair%:*} name=${pair#*:}
  exits 0 "$memseal" run --engine="$engine" --report -- /bin/true
  grep -qE "/bin/true .* text sealed $name\$" said ||
    skip "the engine $engine cannot be used here: $(head -1 said)"
  exits 0 "$memseal" run --engine="$engine" -- "$BUILD/examples/attack"
done
