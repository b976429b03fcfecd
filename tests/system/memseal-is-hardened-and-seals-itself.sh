#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What runs as root and reads what hostile processes show is built hardened, and
# the keeper is sealed itself.
. "$(dirname "$0")/common.inc"
need readelf

# tells OPTION FILE PATTERN: whether readelf does.
tells() {
  readelf -W "$1" "$2" >"$work/elf" 2>/dev/null
  grep -q -- "$3" "$work/elf"
}
for file in memseal-tool libmemseal-audit.so libmemseal-preload.so \
  libmemseal-provide.so libmemseal.so; do
  tells -l "$BUILD/$file" GNU_RELRO
  tells -d "$BUILD/$file" BIND_NOW
done
for file in memseal memseal-tool libmemseal-audit.so libmemseal-preload.so \
  libmemseal-provide.so libmemseal.so; do
  tells -l "$BUILD/$file" 'GNU_STACK.* RW '
  not tells -d "$BUILD/$file" TEXTREL
done
tells -d "$BUILD/memseal-tool" 'Flags:.*PIE'
# The control: the same questions find what is not hardened.
if command -v gcc >/dev/null; then
  echo 'int main(void) { return 0; }' >"$work/x.c"
  gcc -no-pie -Wl,-z,lazy -Wl,-z,execstack -o "$work/x" "$work/x.c" 2>/dev/null
  not tells -d "$work/x" BIND_NOW
  not tells -l "$work/x" 'GNU_STACK.* RW '
  not tells -d "$work/x" 'Flags:.*PIE'
fi
# Sanitizers replace canaries and checks by their own.
if ! tells --symbols "$BUILD/memseal-tool" '__asan_init\|__tsan_init'; then
  tells --dyn-syms "$BUILD/memseal-tool" __stack_chk_fail
  tells --dyn-syms "$BUILD/memseal-tool" '_chk@'
fi

needs_mseal
# The keeper of a sleeping program.
export MEMSEAL_TEST_MARK=$$
"$memseal" run --engine=keeper -- sleep 60 &
servers+=($!)
keeper_of() {
  local comm
  keeper=
  for comm in /proc/[0-9]*/comm; do
    grep -qs memseal-keeper "$comm" || continue
    comm=${comm%/comm}
    [[ $(readlink "$comm/exe") == "$(readlink -f "$BUILD/memseal-tool")" ]] &&
      grep -qs "^Pid" "$comm/status" && keeper=${comm#/proc/}
    [[ -n $keeper ]] && listed "$keeper" && return 0
  done
  return 1
}
# It began after our program did.
listed() {
  (($(cut -d' ' -f22 "/proc/$1/stat") >= $(cut -d' ' -f22 "/proc/${servers[0]}/stat")))
}
wait_for keeper_of
read -ra count_unsealed <<<"$unsealed"
exits 0 "${count_unsealed[@]}" "$keeper"
says "unsealed 0 bytes"
# The control: a program that does not seal itself.
sleep 60 &
servers+=($!)
wait_for grep -q sleep "/proc/$!/comm"
exits_nonzero "${count_unsealed[@]}" "$!"
