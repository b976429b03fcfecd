#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An unmodified program that calls mseal(2) by its number gets its seals where that
# is asked for, and so do its children, on kernels without the call; programs that
# never call it are left alone.
# matrix: python3
set -euo pipefail
export MEMSEAL_TEST_MARK=$$
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'echo "$0:$LINENO: failed: $BASH_COMMAND" >&2' ERR

cat >"$dir/seals.py" <<'PY'
import ctypes, mmap, os, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
PAGE = mmap.PAGESIZE

def errno_of(answer):
    return ctypes.get_errno() if answer == -1 else 0

def page():
    return libc.mmap(None, ctypes.c_size_t(PAGE), 3, 0x22, -1, ctypes.c_long(0))

def unmap(at):
    return errno_of(libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(PAGE)))

def mseal(at, size):
    return errno_of(libc.syscall(ctypes.c_long(462), ctypes.c_void_p(at),
                                 ctypes.c_size_t(size), ctypes.c_ulong(0)))

def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field + ":"):
            return line.split()[1]

assert mseal(0, 0) == 0, "the probe"
sealed, twin = page(), page()
assert mseal(sealed, PAGE) == 0, "the seal"
assert unmap(twin) == 0, "the twin"
assert unmap(sealed) == 1, "the refusal"
print("sealed, filters:", status("Seccomp_filters"))
if sys.argv[1:] == ["parent"]:
    for _ in range(3):  # each child is a new image with seals of its own
        print("child", subprocess.check_output(
            [sys.executable, sys.argv[0]], text=True).strip())
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, sys.argv[0]])
PY

run=("$BUILD/memseal" run)
# Served even where the kernel could do it: the same vector on every kernel.
out=$("${run[@]}" --provide-mseal=always -- python3 "$dir/seals.py" parent)
echo "$out"
expected=$'sealed, filters: 1'
for _ in 1 2 3; do expected+=$'\nchild sealed, filters: 1'; done
expected+=$'\nsealed, filters: 1'
[[ $out == "$expected" ]]

# By itself: the kernel's call where there is one. Else none: the keeper of the tree
# guards a zone, and the heap is not in it.
if python3 "$dir/seals.py" 2>/dev/null; then
  "${run[@]}" -- python3 "$dir/seals.py"
elif "${run[@]}" -- python3 "$dir/seals.py" 2>/dev/null; then
  echo "mseal was served, although it was not asked for" >&2
  exit 1
fi

# A program that never calls it gets no filter. By the library alone: on kernels
# without the call, memseal run seals with a filter itself.
alone=(env MEMSEAL_PROVIDE=always "LD_PRELOAD=$BUILD/libmemseal-provide.so")
out=$("${alone[@]}" grep Seccomp: /proc/self/status)
[[ $out == *$'\t0' ]]
out=$("${alone[@]}" python3 "$dir/seals.py")  # its twin
[[ $out == "sealed, filters: 1" ]]

# Not served where it was not wanted.
if ! python3 "$dir/seals.py" 2>/dev/null &&
  "${run[@]}" --provide-mseal=never -- python3 "$dir/seals.py" 2>/dev/null; then
  echo "mseal was provided although it was not wanted" >&2
  exit 1
fi

# Nothing is left behind. Other tests have keepers too: ours inherited a mark.
own_keepers() {
  local comm
  for comm in /proc/[0-9]*/comm; do
    grep -qs memseal-keeper "$comm" &&
      grep -qszx "MEMSEAL_TEST_MARK=$$" "${comm%comm}environ" && return 0
  done
  return 1
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
  own_keepers || exit 0
  sleep 0.5
done
echo "a keeper outlived its program" >&2
exit 1
