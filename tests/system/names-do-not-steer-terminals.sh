#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever a process calls itself and its files, what memseal prints about it
# holds no control character and no line of its own, and is valid JSON.
. "$SOURCE/tests/system/status-common.inc"
export LC_ALL=C
folder=$work/$'a\nb\033[2J\377\302\233c'
mkdir "$folder"
library=$folder/lib.so
cp "$(ldd /bin/true | grep -o '/[^ ]*/libc\.so\.6')" "$library"

mkfifo "$work/in" "$work/out"
"$python" -c '
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None)
libc.prctl(15, b"x\n\033]0;y\007\377", 0, 0, 0)  # PR_SET_NAME
ctypes.CDLL(os.fsdecode(os.fsencode(sys.argv[1])))
file = os.open(sys.argv[1], os.O_RDONLY)
view = mmap.mmap(file, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ)
print("ready", flush=True)
sys.stdin.read()' "$library" <"$work/in" >"$work/out" &
pid=$!
exec 9>"$work/in"
read -r word <"$work/out"
[[ $word == ready ]] || fail "$word"
# The twin: the kernel shows the bytes as they are.
grep -q $'\033' "/proc/$pid/maps" || fail "maps holds no escape"
grep -q $'\033' "/proc/$pid/comm" || fail "comm holds no escape"

# tame COMMAND...: prints nothing but printable characters and newlines.
tame() {
  "$@" >"$work/said" 2>&1 || true
  [[ -s $work/said ]] || fail "$* says nothing"
  ! grep -qP '[^\n -~]' "$work/said" ||
    fail "$* prints $(grep -P '[^\n -~]' "$work/said" | head -3 | od -c | head)"
}
for how in "" --map --unsealed --json; do
  # shellcheck disable=SC2086
  tame "$tool" status $how "$pid"
  grep -q 033 "$work/said" || grep -q u001b "$work/said" || fail "no name: $how"
done
tame "$tool" status --all
tame "$tool" attach --dry-run "$pid"
tame "$tool" attach --dry-run --json "$pid"
"$python" -m json.tool <"$work/said" >/dev/null || fail "attach: no JSON"
"$tool" status --json "$pid" | "$python" -m json.tool >/dev/null ||
  [[ ${PIPESTATUS[1]} == 0 ]] || fail "status: no JSON"
tame "$tool" probe --json "$pid"
tame "$tool" probe "$pid"
# A sentence about it, too: it has ended, and nobody has waited for it.
mkfifo "$work/in2"
"$python" -c '
import ctypes, os, sys
child = os.fork()
if child == 0:
    ctypes.CDLL(None).prctl(15, b"x\n\033]0;y", 0, 0, 0)
    os._exit(0)
print(child, flush=True)
sys.stdin.read()' <"$work/in2" >"$work/pid" &
exec 8>"$work/in2"
for _ in $(seq 100); do
  [[ -s $work/pid ]] && grep -q '^State:.Z' "/proc/$(<"$work/pid")/status" && break
  sleep 0.05
done
tame "$tool" attach "$(<"$work/pid")"
grep -q 'x.012.033.*has ended' "$work/said" || fail "$(<"$work/said")"
