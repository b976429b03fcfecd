#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The doctor tells what a process may really do: what a filter forbids is not
# there, whatever the kernel's version, and asking kills nobody.
. "$SOURCE/tests/system/status-common.inc"

filtered() { "$python" "$SOURCE/tests/system/programs/filtered.py" "$@"; }

# told EXPRESSION: about the JSON text in `output`.
told() {
  "$python" -c '
import json, sys
d = json.load(sys.stdin)
f = {x["id"]: x for x in d["findings"]}
sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" <<<"$output" || fail "$1: $output"
}

expect 0 "$tool" doctor
says "what remains open"
expect 2 "$tool" doctor --nonsense
expect 2 "$tool" doctor surplus

expect 0 "$tool" doctor --json # control
told 'set(d) == {"schema", "type", "time", "memseal", "means",
  "findings", "will_use", "open"}'
told 'set(d["findings"][0]) == {"id", "section", "title", "grade", "value", "meaning"}'
told 'len(f) == len(d["findings"])' # no id twice
told 'd["means"]["filter"]'
native=$("$python" -c 'import json,sys
print(json.load(sys.stdin)["means"]["native"])' <<<"$output")
[[ $native == True ]] || { echo "skip: no mseal(2) here"; exit 77; }
told 'f["mseal"]["value"] == "yes"'

mseal=462
case $(uname -m) in
  x86_64) seccomp=317 prctl=157 ;;
  aarch64) seccomp=277 prctl=167 ;;
  *) exit 0 ;;
esac
expect 0 filtered EPERM $mseal "$tool" doctor --json
told 'not d["means"]["native"] and d["means"]["filter"]'
told 'f["mseal"]["value"] == "Operation not permitted"'
told 'f["seccomp.mode"]["value"].startswith("mode 2, ")'

expect 0 filtered ENOSYS $mseal "$tool" doctor --json
told 'f["mseal"]["value"] == "this kernel has no such call"'

expect 0 filtered kill $mseal "$tool" doctor --json
told 'not d["means"]["native"]'
told 'f["mseal"]["value"] == "a filter kills whoever asks"'

# A file of huge pages that is open is seen.
with_huge_file() {
  "$python" -c 'import os, sys
os.set_inheritable(os.memfd_create("huge", 4), True)  # MFD_HUGETLB
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}
if [[ $("$python" -c 'import os; print(os.memfd_create("huge", 4))' 2>&1) =~ ^[0-9]+$ ]]; then
  expect 0 with_huge_file "$tool" doctor --json
  told 'f["huge_files"]["value"] == "possible"'
  told 'not any("huge pages" in o["vector"] for o in d["open"])'
fi

# Without any engine memseal is of no use, and says so.
expect 1 filtered EPERM "$mseal,$seccomp,$prctl" "$tool" doctor --json
told '"no engine: nothing can be sealed here" in d["will_use"]'

# What is forbidden is no open vector.
expect 0 "$tool" doctor --json
told 'f["io_uring"]["value"] != "yes" or any("io_uring" in o["vector"] for o in d["open"])'
expect 0 filtered EPERM 425 "$tool" doctor --json
told 'not any("io_uring" in o["vector"] for o in d["open"])'
