#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A report that cannot be written is told in one sentence; the program runs all
# the same and is never held up, or, with --require, does not run at all.
. "$(dirname "$0")/common.inc"
needs_mseal
cd "$work"
program=(sh -c 'echo ran; exit 7')

ways=('' --how=preload --engine=keeper)
if [[ $(uname -m) == x86_64 ]]; then
  ways+=(--how=trace --on-violation=report '--on-violation=report --how=trace')
fi

# told REASON: standard error is this one sentence, from whoever met it.
told() {
  (($(wc -l <err) == 1)) && grep -q "^memseal: .* cannot be written: $1" err &&
    return
  echo "no single sentence with '$1', but:" >&2
  cat err >&2
  return 1
}

# goes_on REASON WAY FILE: without its report.
goes_on() {
  local got=0
  # shellcheck disable=SC2086 # WAY is options
  timeout 60 "$memseal" run $2 --report="$3" -- "${program[@]}" >out 2>err ||
    got=$?
  ((got == 7)) && [[ $(<out) == ran ]] && told "$1"
}

# does_not_run REASON WAY FILE: nobody shall run what is not reported.
does_not_run() {
  local got=0
  # shellcheck disable=SC2086
  timeout 60 "$memseal" run --require $2 --report="$3" -- "${program[@]}" \
    >out 2>err || got=$?
  ((got == 125)) && [[ ! -s out ]] && told "$1"
}

# control WAY FILE: it is written where it can be.
control() {
  local got=0
  # shellcheck disable=SC2086
  timeout 60 "$memseal" run --require $1 --report="$2" -- "${program[@]}" \
    >out 2>err || got=$?
  ((got == 7)) && [[ $(<out) == ran && ! -s err ]]
}

mkdir folder
mkfifo nobody_reads
long=$(printf 'x%.0s' {1..300})
for way in "${ways[@]}"; do
  control "$way" report.json
  grep -q '"type":"seal"' report.json
  rm report.json
  while read -r file reason; do
    goes_on "$reason" "$way" "$file"
    does_not_run "$reason" "$way" "$file"
  done <<END
no-folder/report.json there is no such folder
folder it is a folder
$long its name is too long
/dev/full no space is left
nobody_reads nobody reads from it
END
done
[[ -p nobody_reads && -z $(ls folder) ]] # nothing was put in their places

# Where somebody else may not write.
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  chmod 755 .
  mkdir -m 700 mine
  nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  if "${nobody[@]}" "$memseal" run -- true 2>/dev/null; then
    got=0
    "${nobody[@]}" "$memseal" run --require --report="$work/mine/report" -- \
      "${program[@]}" >out 2>err || got=$?
    ((got == 125)) && [[ ! -s out ]] && told 'permission denied'
  fi
fi

# A pipe that is full, of a reader that sleeps: waited for, but not for long;
# with --require, where a lost line is a failure, for ten seconds.
cat >full.py <<'PY'
import os, subprocess, sys, time
memseal, where, *options = sys.argv[1:]
program = ["--", "sh", "-c", "echo ran; exit 7"]
if where == "file":
    os.mkfifo("full.json")
    reader = os.open("full.json", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open("full.json", os.O_WRONLY)
    report, stderr = "--report=full.json", open("error", "w+b")
else:
    reader, writer = os.pipe()
    report, stderr = "--report", writer

def run(*more):
    began = time.monotonic()
    with open("out", "w+b") as out:
        code = subprocess.run([memseal, "run", *options, *more, report, *program],
                              stdout=out, stderr=stderr, timeout=60).returncode
    took = time.monotonic() - began
    error = ""
    if where == "file":
        error = open("error").read()
        stderr.seek(0)
        stderr.truncate()
    return code, open("out", "rb").read(), error, took

def drain():
    os.set_blocking(reader, False)
    text = b""
    try:
        while piece := os.read(reader, 1 << 16):
            text += piece
    except BlockingIOError:
        pass
    return text

# The control: with room in the pipe the report is whole.
assert run("--require")[:3] == (7, b"ran\n", ""), "no control"
assert b"text" in drain(), "no report"

def fill():
    os.set_blocking(writer, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(writer, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(writer, True)

fill()
code, out, error, took = run()
assert (code, out) == (7, b"ran\n"), (code, out, error)
assert took < 8, f"held up for {took} s"
if where == "file":
    assert error.count("\n") == 1, error
    assert "cannot be written: its reader does not read" in error, error
code, out, error, took = run("--require")
assert (code, out) == (125, b""), (code, out, error)
assert took > 8, f"given up after {took} s"
assert set(drain()) == {ord("x")}, "lines were written after all"
PY
running=()
for way in "${ways[@]}"; do
  for where in file standard_error; do
    mkdir "$where$way"
    # shellcheck disable=SC2086
    (cd "$where$way" && /usr/bin/python3 ../full.py "$memseal" $where $way) &
    running+=($!)
  done
done
for pid in "${running[@]}"; do
  wait "$pid"
done

# Violations that come when the disk is full, or the reader has left, are denied
# as ever, and the program does not wait for them to be written.
if [[ $(uname -m) == x86_64 ]]; then
  cat >attack.py <<'PY'
import ctypes, time
libc = ctypes.CDLL(None, use_errno=True)
page = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095
began = time.monotonic()
denied = sum(libc.mprotect(ctypes.c_void_p(page), 4096, 7) == -1 and
             ctypes.get_errno() == 1 for _ in range(50))
print(denied, "denied", "at once" if time.monotonic() - began < 20 else "slowly")
PY
  for way in '' --how=trace; do
    # shellcheck disable=SC2086
    exits 0 "$memseal" run $way --on-violation=report --report=told -- \
      /usr/bin/python3 attack.py
    says '50 denied at once' # the control
    grep -q 'mprotect.*denied' told
    # shellcheck disable=SC2086
    exits 0 "$memseal" run $way --on-violation=report --report=/dev/full -- \
      /usr/bin/python3 attack.py
    says '50 denied at once'
    exits 0 bash -c '"$0" run $1 --on-violation=report -- \
      /usr/bin/python3 attack.py 2> >(exec sleep 0.1)' "$memseal" "$way"
    says '50 denied at once'
  done
fi

# Descriptor 2 is standard error only where it still leads where it led: a
# program's file, or another's pipe, gets no line of ours.
exits 0 "$memseal" run --report -- sh -c '/bin/true; exit 0'
(($(grep -c '/bin/true .* text sealed' said) == 1)) # the control
exits 0 "$memseal" run --report -- sh -c 'exec 2>&- 2>own; /bin/true; exit 0'
says 'text sealed'
not grep -F /bin/true said
[[ -e own && ! -s own ]]
