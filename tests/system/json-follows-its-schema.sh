#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever memseal writes as JSON, whoever writes it, follows the one schema that
# is installed with it.
. "$(dirname "$0")/common.inc"
needs_mseal
need cc
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null ||
  skip "python3-jsonschema is not installed"
schema=$SOURCE/packaging/report.schema.json
cd "$work"

# follows TYPE FILE: every record in it follows the schema, and some are of this
# type. A file holds one JSON text, or one a line.
follows() {
  /usr/bin/python3 - "$schema" "$@" <<'PY'
import copy, json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
text = open(sys.argv[3], encoding="ascii").read()
try:
    whole = json.loads(text)
    records = whole if isinstance(whole, list) else [whole]
except json.JSONDecodeError:
    records = [json.loads(line) for line in text.splitlines()]
for record in records:
    one = {"$ref": f"#/$defs/{record['type']}", "$defs": schema["$defs"]}
    for wrong in jsonschema.Draft202012Validator(one).iter_errors(record):
        sys.exit(f"{wrong.json_path}: {wrong.message[:500]}")
    validator.validate(record)
wanted = [r for r in records if r["type"] == sys.argv[2]]
assert wanted, f"no {sys.argv[2]} among {len(records)} records"

# The control twin: broken somewhere, it does not follow.
def spots(value):
    """Every object in it."""
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict):
        yield value
    for each in inner if isinstance(value, (dict, list)) else []:
        yield from spots(each)

def refused(change, what):
    damaged = copy.deepcopy(wanted[0])
    change(damaged)
    assert not validator.is_valid(damaged), what

for key, value in {"time": "yesterday", "schema": 2, "type": "other"}.items():
    refused(lambda r: r.update({key: value}), f"{key} may be {value}")
for key in ("schema", "type", "time"):
    refused(lambda r: r.pop(key), f"{key} may be missing")
named = {"settings", "means", "results"}  # their keys are not the schema's
keys = set()
for number, spot in enumerate(spots(wanted[0])):
    place = lambda r: list(spots(r))[number]
    shape = frozenset(spot)
    if shape in keys or any(spot is s.get(n) for n in named
                            for s in spots(wanted[0])):
        continue
    keys.add(shape)
    refused(lambda r: place(r).update(extra=1), "a member more is allowed")
    for key in ("begin", "end", "offset", "address"):
        if key in spot:
            refused(lambda r: place(r).update({key: 4096}), f"{key} is a number")
            refused(lambda r: place(r).update({key: "4096"}), f"{key} is no 0x")
    for key, wrong in {"segment": "code", "engine": "exact", "pid": 0,
                       "reason": "none", "outcome": "done"}.items():
        if key in spot and spot[key] != "":
            refused(lambda r: place(r).update({key: wrong}), f"{key} is {wrong}")
PY
}

# told TYPE COMMAND...: what it prints on standard output follows.
told() {
  local type=$1
  shift
  "$@" >"$work/told.json" 2>/dev/null || true
  follows "$type" "$work/told.json" || {
    echo "does not follow the schema: $*" >&2
    return 1
  }
}

cat >attacker.c <<'END'
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  void *page = (void *)((uintptr_t)&main & ~(uintptr_t)4095);
  sleep(SECONDS);
  return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) ? 3 : 0;
}
END
cc -O1 -DSECONDS=0 -o attacker attacker.c
cc -O1 -DSECONDS=0 -static -o static attacker.c
cc -O1 -DSECONDS=30 -o sleeper attacker.c
strange=$work/$'a"b\\c\n\x1b[2Jd\xff'
cp attacker "$strange"

# The loader module, as auditor and preloaded, with what it leaves out.
for how in audit preload; do
  rm -f seals.json
  exits 3 "$memseal" run --how=$how --except='libc.so*' --report=seals.json \
    -- "$strange"
  follows seal seals.json
done
for engine in keeper strict filter; do
  rm -f seals.json
  exits 3 "$memseal" run --engine=$engine --report=seals.json -- ./attacker
  follows seal seals.json
done

told status "$memseal" status --json self
told status "$memseal" status --all --json
told scan "$memseal" scan --format=json ./static "$strange"
told doctor "$memseal" doctor --json
echo 'policy = "no"' >faulty.toml
told policy_check "$memseal" policy check --json faulty.toml
told policy "$memseal" policy show --json ./attacker

# What the documentation shows.
grep -h '^{"schema"' "$SOURCE"/docs/*.md >shown.json
follows seal shown.json

# The tracer, and the supervisors of violations.
if [[ $(uname -m) == x86_64 ]]; then
  rm -f seals.json
  exits 3 "$memseal" run --segments=text --report=seals.json -- ./static
  follows seal seals.json
  for how in auto trace; do
    rm -f told.json
    exits 3 "$memseal" run --how=$how --on-violation=report \
      --report=told.json -- "$strange"
    wait_for grep -q '"type":"violation"' told.json
    follows violation told.json
  done
  told trace "$memseal" trace --json -- "$strange"
  told trace "$memseal" trace --json -- ./static
  "$memseal" trace --json --verbose -- ./attacker 2>each.json >/dev/null
  follows violation each.json

  for engine in native strict; do
    ./sleeper &
    servers+=($!)
    told attach "$memseal" attach --json --dry-run $!
    told attach "$memseal" attach --json --engine=$engine --segments=text $!
    told status "$memseal" status --json $!
    told probe "$memseal" probe --json $!
  done
  told probe "$memseal" probe --json -- ./attacker

  # The end of a report from which lines are missing: the pipe is full.
  /usr/bin/python3 - "$memseal" <<'PY'
import fcntl, json, os, subprocess, sys
os.mkfifo("fifo.json")
reader = os.open("fifo.json", os.O_RDONLY | os.O_NONBLOCK)
fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
run = subprocess.Popen([sys.argv[1], "run", "--on-violation=report",
                        "--report=fifo.json", "--", "/usr/bin/python3", "-c", """
import ctypes
libc = ctypes.CDLL(None)
page = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095
for _ in range(100):
    libc.mprotect(ctypes.c_void_p(page), 4096, 7)
"""])
assert run.wait(60) == 0
os.set_blocking(reader, True)
text = b""
while data := os.read(reader, 1 << 20):
    text += data
open("summary.json", "wb").write(text)
records = [json.loads(line) for line in text.splitlines()]
told = sum(r["type"] == "violation" for r in records)
last = records[-1]
assert last["type"] == "summary" and last["lost"] > 0, last
assert last["violations"] == told + last["lost"] == 100, (last, told)
PY
  follows summary summary.json
fi

# Every type is written by somebody here, and every reason has its word.
/usr/bin/python3 - "$schema" "$SOURCE/src/report/reason.cc" \
  "$SOURCE/tests/system/${0##*/}" <<'PY'
import json, re, sys
schema = json.load(open(sys.argv[1]))
reasons = re.findall(r'\{Reason::\w+, "(\w+)"', open(sys.argv[2]).read())
assert set(schema["$defs"]["reason"]["enum"]) == set(reasons) - {"none"}
test = open(sys.argv[3]).read()
for kind in schema["oneOf"]:
    name = kind["$ref"].split("/")[-1]
    assert re.search(rf"(follows|told) {name} ", test), f"nobody wrote a {name}"
PY
