#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A library whose dynamic section cannot be written to (lld -z rodynamic) can be
# loaded by dlopen, and is sealed before its constructor.
. "$(dirname "$0")/common.inc"
need gcc /usr/bin/python3
[[ $(uname -m) == x86_64 ]] || skip "the library is written for x86-64"

cat >"$work/library.c" <<'C'
static long call(long number, long a, long b, long c) {
  long answer;
  __asm__ volatile("syscall" : "=a"(answer)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return answer;
}
/* Tells whether its own text can be made writable. */
__attribute__((visibility("hidden"))) void constructed(void) {
  long text;
  __asm__("lea constructed(%%rip), %0" : "=r"(text));
  if (call(10, text & -4096L, 4096, 7) == 0)
    call(1, 1, (long)"open\n", 5);
  else
    call(1, 1, (long)"sealed\n", 7);
}
C
gcc -O1 -fPIC -fcf-protection=none -c "$work/library.c" -o "$work/library.o"
# GNU ld makes the section writable: the program headers are made to say
# otherwise. Nothing else is in that segment.
gcc -shared -nostdlib -Wl,-init=constructed -Wl,-z,norelro -Wl,--build-id=none \
  "$work/library.o" -o "$work/library.so"
/usr/bin/python3 - "$work/library.so" <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
table, = struct.unpack_from("<Q", data, 32)
size, count = struct.unpack_from("<HH", data, 54)
changed = 0
for i in range(count):
    kind, flags = struct.unpack_from("<II", data, table + i * size)
    if kind in (1, 2) and flags == 6:  # PT_LOAD, PT_DYNAMIC; read, write
        struct.pack_into("<I", data, table + i * size + 4, 4)
        changed += 1
assert changed == 2, changed
open(sys.argv[1], "wb").write(data)
P
cat >"$work/program.c" <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **names) {
  if (dlopen(names[1], RTLD_NOW) == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  return 0;
}
C
gcc -O1 "$work/program.c" -o "$work/program" -ldl
exits 0 "$work/program" "$work/library.so" # the twin
says open

for engine in auto filter keeper strict; do
  exits 0 "$memseal" run --engine=$engine -- "$work/program" "$work/library.so"
  says sealed
done
