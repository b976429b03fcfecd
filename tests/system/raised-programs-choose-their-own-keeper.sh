#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program that gains privileges and is linked with libmemseal-provide.so
# executes no keeper that its caller named.
. "$(dirname "$0")/common.inc"
need setpriv cc
((EUID == 0)) || skip "needs root, to make a setuid program"
nobody=(setpriv --reuid=65534 --clear-groups)
"${nobody[@]}" test -r "$BUILD/libmemseal-provide.so" ||
  skip "another user cannot read the build directory"

cat >"$work/seals.c" <<'C'
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int mseal(void *begin, size_t length, unsigned long flags);
int main(void) {
  void *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mseal(page, 4096, 0);
  printf("%u\n", geteuid());
  return 0;
}
C
cc -o "$work/plain" "$work/seals.c" -L"$BUILD" -lmemseal-provide \
  -Wl,-rpath,"$BUILD" || skip "no libc to link with"
cp "$work/plain" "$work/raised"
chmod 755 "$work/plain"
chmod 4755 "$work/raised"
[[ $("${nobody[@]}" "$work/raised") == 0 ]] ||
  skip "this file system ignores the setuid bit"

mkdir -m 777 "$work/seen"
cat >"$work/stranger" <<SH
#!/bin/sh
id -u >>"$work/seen/by"
SH
chmod 755 "$work/stranger"
environment=(MEMSEAL_PROVIDE=always "MEMSEAL_KEEPER=$work/stranger")

# The control: its own user's program does what it is told.
exits 0 "${nobody[@]}" env "${environment[@]}" "$work/plain"
wait_for grep -qx 65534 "$work/seen/by"
rm "$work/seen/by"

exits 0 "${nobody[@]}" env "${environment[@]}" "$work/raised"
sleep 0.5
[[ ! -e $work/seen/by ]]
