#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-47: that the file behind a mapping may be written to is told; it is neither
# written to nor opened for it: the file is everybody's, and a program or ld.so
# that somebody has open for writing starts for nobody. What may not be written,
# and what is being executed, is not open.
# Needs python3: it can be told of such an open (F_SETLEASE).
. "$SOURCE/tests/system/probe-common.inc"
command -v python3 >/dev/null || { echo "skip: no python3"; exit 77; }
command -v cc >/dev/null || { echo "skip: no cc"; exit 77; }
chmod 755 "$work"
echo 'int answer(void) { return 42; }' |
  cc -x c -shared -fPIC -o "$work/library.so" -
echo 'int main(void) { return sleep(60); }' |
  cc -x c -w -o "$work/program" -
chmod 755 "$work/program"
before=$(stat -c '%i %s %Y %Z' "$work/library.so"; cksum "$work/library.so")

# start WRAPPER...: sets `pid` of the program that has the library.
start() {
  LD_PRELOAD=$work/library.so "$@" "$work/program" &
  pid=$!
  for _ in $(seq 100); do
    grep -q library.so "/proc/$pid/maps" && break
    sleep 0.05
  done
}
of_library='lambda s: s["object"].endswith("/library.so")'
of_program='lambda s: s["object"].endswith("/program")'
details() { told "{s[\"results\"][\"write-backing-file\"][\"detail\"] for s in d[\"segments\"] if ($1)(s)} == {\"$2\"}"; }

# Says "opened" when somebody opens the library for writing.
cat >"$work/guard.py" <<'X'
import fcntl, signal, sys
def opened(*_):
    print("opened", flush=True)
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.signal(signal.SIGIO, opened)
file = open(sys.argv[1], "rb")
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
print("guarding", flush=True)
while True:
    signal.pause()
X
guard() {
  python3 "$work/guard.py" "$work/library.so" >"$work/guard" &
  guard=$!
  for _ in $(seq 100); do
    grep -q guarding "$work/guard" && break
    sleep 0.05
  done
}
guard
: 3<>"$work/library.so"  # the control
sleep 0.2
grep -q opened "$work/guard" || { echo "skip: no leases here"; exit 77; }
kill "$guard"

start
guard
expect 1 "$memseal" probe --json "$pid"
grep -q guarding "$work/guard"
grep -q opened "$work/guard" && fail "the file was opened for writing"
kill "$guard"
told "verdicts('write-backing-file', $of_library) == {'open'}"
told "verdicts('write-backing-file', $of_program) == {'not applicable'}"
details "$of_program" ETXTBSY
told 'verdicts("write-backing-file", lambda s: s["segment"] == "vdso") == {"not applicable"}'
kill "$pid"

# A seal changes nothing about it.
if "$memseal" run --require -- true 2>/dev/null; then
  start "$memseal" run --
  expect 0 "$memseal" probe --json "$pid"
  # RELRO may be memory of no file by then.
  told "verdicts('write-backing-file', lambda s: s['object'].endswith('/library.so') and not s['anonymous']) == {'open'}"
  told "verdicts('unmap', $of_library) == {'held'}"
  kill "$pid"
fi

# By whatever name it goes now; one that is gone cannot be opened by any, and
# another file in its place is another file.
start
mv "$work/library.so" "$work/kept.so"
cp "$work/kept.so" "$work/library.so"
expect 1 "$memseal" probe --json "$pid"
told "verdicts('write-backing-file', lambda s: s['object'].endswith('/kept.so')) == {'open'}"
kill "$pid"
cp "$work/kept.so" "$work/program.so"
LD_PRELOAD=$work/program.so "$work/program" &
pid=$!
for _ in $(seq 100); do
  grep -q program.so "/proc/$pid/maps" && break
  sleep 0.05
done
rm "$work/program.so"
cp "$work/kept.so" "$work/program.so"
expect 1 "$memseal" probe --json "$pid"
told "verdicts('write-backing-file', lambda s: '/program.so' in s['object']) == {'not applicable'}"
kill "$pid"
mv "$work/kept.so" "$work/library.so"
[[ $(stat -c '%i %s %Y' "$work/library.so"; cksum "$work/library.so") == \
  "$(sed '1s/ [0-9]*$//' <<<"$before")" ]] || fail "the file was changed"

if ((EUID == 0)) && command -v setpriv >/dev/null; then
  other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  start "${other[@]}"
  expect 1 "${other[@]}" "$memseal" probe --json "$pid"
  details "$of_library" EACCES
  told "verdicts('write-backing-file', $of_library) == {'not applicable'}"
  kill "$pid"
fi
