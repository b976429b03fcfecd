#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `memseal scan` finds in ELF files what no seal can help, each beside its
# control twin that was built well, and misses nothing that hardening-check says.
. "$(dirname "$0")/common.inc"
need cc
tool=$BUILD/memseal-tool
cd "$work"

cat >a.c <<'END'
#include <stdio.h>
#include <string.h>
void fill(char *);
int main(int argc, char **argv) {
  char room[64];
  strcpy(room, argv[argc - 1]);
  puts(room);
  return 0;
}
END
# shellcheck disable=SC2054 # commas are the linker's
good=(-O2 -fPIE -pie -fstack-protector-all -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
  -Wl,-z,relro,-z,now,-z,noexecstack)
build() {
  local name=$1
  shift
  cc "${good[@]}" "$@" -o "$name" a.c 2>/dev/null
}
# found RULE FILE: it is found there, and in the twin nothing is.
found() {
  exits 1 "$tool" scan --format=json "$2"
  says "\"rule\": \"$1\""
}
build good
exits 0 "$tool" scan good
says 'good: program, '
says '1 ELF file, '

build lazy -Wl,-z,lazy
found lazy-binding lazy
slots=$(readelf -rW lazy | grep -c JUMP_SLO || true)
says "\"lazy_slots\": $slots,"
((slots > 0))
exits 1 "$tool" scan lazy
says "$slots pointer"
build norelro -Wl,-z,norelro
found no-relro norelro
build stack -Wl,-z,execstack
found executable-stack stack
build fixed -fno-PIE -no-pie
found no-pie fixed
build unprotected -fno-stack-protector
found no-stack-protector unprotected
build unchecked -D_FORTIFY_SOURCE=0
found no-fortify unchecked
build static -static -no-pie && found static static
if build omagic -no-pie -static -Wl,-N; then found writable-code omagic; fi
if [[ $(uname -m) == x86_64 ]]; then
  cat >text.s <<'END'
.globl call
call: movabs $puts, %rax
  ret
END
  cc -shared -Wl,-z,notext -o text.so text.s 2>/dev/null
  found text-relocations text.so
fi

# Folders: what is no ELF file, links and FIFOs are passed over; a file that was
# named is not.
mkdir -p tree/below
cp good tree/below/
cp lazy tree/
echo text >tree/text
mkfifo tree/fifo
ln -s "$work/stack" tree/link
exits 1 timeout 20 "$tool" scan --format=json tree
/usr/bin/python3 -c 'import json
files = json.load(open("said"))["files"]
assert [f["path"] for f in files] == ["tree/below/good", "tree/lazy"], files'
exits 3 "$tool" scan tree/text
says 'is no ELF file'
exits 3 timeout 20 "$tool" scan tree/fifo
exits 3 "$tool" scan nowhere
exits 2 "$tool" scan
head -c 3000 good >short
exits 1 "$tool" scan short
says 'short: '
# Damaged at random: an answer, never a death.
/usr/bin/python3 - "$tool" <<'PY'
import random, subprocess, sys
good = open("good", "rb").read()
random.seed(4)
for _ in range(60):
    bad = bytearray(good)
    for _ in range(8):
        bad[random.choice([random.randrange(1024), random.randrange(len(bad))])] = random.randrange(256)
    bad[:4] = b"\x7fELF"
    open("bad", "wb").write(bad)
    code = subprocess.run([sys.argv[1], "scan", "bad"], capture_output=True, timeout=20).returncode
    assert code in (0, 1), code
PY

# SARIF: a result for each finding, with the rule it names.
exits 1 "$tool" scan --format=sarif -o out.sarif lazy stack './od d:%.so' good ||
  exits 3 "$tool" scan --format=sarif -o out.sarif lazy stack good nowhere
/usr/bin/python3 - <<'PY'
import json
log = json.load(open("out.sarif"))
assert log["version"] == "2.1.0" and len(log["runs"]) == 1
run = log["runs"][0]
rules = run["tool"]["driver"]["rules"]
found = {(r["ruleId"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
         for r in run["results"]}
assert found == {("lazy-binding", "lazy"), ("executable-stack", "stack")}, found
for result in run["results"]:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
PY

# The tools that people have: what they say of these points is found.
command -v hardening-check >/dev/null || skip "hardening-check is not installed (the rest passed)"
/usr/bin/python3 - "$tool" <<'PY'
import json, os, subprocess, sys
scan = subprocess.run([sys.argv[1], "scan", "--format=json", "/usr/bin", "."],
                      capture_output=True, text=True).stdout
files = {f["path"]: f for f in json.loads(scan)["files"] if "flaw" not in f}
chosen = sorted(p for p in files if os.path.getsize(p) < 200_000)
chosen = chosen[::max(1, len(chosen) // 100)]
same = {"no-pie": "no-pie", "no-stackprotector": "no-stack-protector",
        "no-fortify-functions": "no-fortify", "no-relro": "no-relro",
        "no-bindnow": "lazy-binding"}
told = subprocess.run(["hardening-check", "--lintian", *chosen],
                      capture_output=True, text=True).stdout.splitlines()
missed = compared = 0
for line in told:
    tag, path = line.split(":", 1)
    if tag not in same:
        continue
    file = files[path]
    # A static program has nothing to bind, and defines what it checks with.
    if file["kind"] == "static program" and tag in ("no-bindnow", "no-stackprotector", "no-fortify-functions"):
        continue
    compared += 1
    if same[tag] not in {f["rule"] for f in file["findings"]}:
        print("missed:", line)
        missed += 1
assert compared > 5 and missed == 0, (compared, missed)
print(f"{len(chosen)} files, {compared} points compared")
PY
