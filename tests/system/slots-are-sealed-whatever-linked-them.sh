#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S-83: --slots=seal. A slot that is overwritten leads nowhere, in programs and
# libraries of every linker at hand and with stubs of every shape; without it the
# next call is the attacker's.
. "$(dirname "$0")/common.inc"
[[ $(uname -m) == x86_64 ]] || skip "slots are sealed on x86-64 only"
need gcc /usr/bin/python3
needs_mseal
source=$SOURCE/tests/loader/programs/slots.c

# build LINKER FLAG...: "$work/program" and "$work/library.so"; fails where the
# linker is not there or does not know a flag.
build() {
  local linker=$1
  shift
  gcc -O1 -fuse-ld="$linker" -Wl,-z,lazy "$@" "$source" -o "$work/program" \
    2>"$work/warnings" && not grep -qE 'unknown|ignored' "$work/warnings" &&
    gcc -O1 -shared -fPIC -DLIBRARY -fuse-ld="$linker" -Wl,-z,lazy \
      "${@/-no-pie/-O1}" "$source" -o "$work/library.so" 2>"$work/warnings"
}

# told: what the report must say.
told() {
  grep -q "/program .* slots sealed native" "$work/report"
  grep -q "/library.so .* slots sealed native" "$work/report"
  not grep "/program slots not sealed" "$work/report"
  # not_there() is called by nobody.
  grep -q "/library.so slots not sealed: they are of functions.* 1 of them" \
    "$work/report"
}

# attack: hijacked without, held with, and the report says so.
attack() {
  exits 0 "$work/program" "$work/library.so"
  says "program hijacked"
  says "library hijacked"
  exits 0 "$memseal" run --slots=keep -- "$work/program" "$work/library.so"
  says "program hijacked"
  says "library hijacked"
  rm -f "$work/report"
  exits 0 "$memseal" run --slots=seal --report="$work/report" -- \
    "$work/program" "$work/library.so"
  says "program held"
  says "library held"
  told
}

linkers=0
for linker in bfd gold lld mold; do
  build "$linker" || continue
  linkers=$((linkers + 1))
  for flags in -fPIE -no-pie '-fcf-protection -Wl,-z,ibtplt' \
    '-fcf-protection -Wl,-z,force-ibt' -Wl,-z,bndplt -Wl,-z,norelro \
    -Wl,--hash-style=both; do
    # shellcheck disable=SC2086
    build "$linker" $flags || continue
    echo "$linker $flags"
    attack
  done
done
((linkers > 0)) || skip "no linker at hand"

# Without section headers, as packers leave a file.
build bfd
/usr/bin/python3 - "$work/program" "$work/library.so" <<'END'
import sys
for name in sys.argv[1:]:
    with open(name, "r+b") as file:
        file.seek(0x28)
        file.write(bytes(8))  # e_shoff
        file.seek(0x3c)
        file.write(bytes(4))  # e_shnum, e_shstrndx
END
attack

# What is bound early and left writable needs no binding.
build bfd
exits 0 env LD_BIND_NOW=1 "$memseal" run --slots=seal -- "$work/program"
says "program held"
says "LD_BIND_NOW set"

# Other engines.
exits 0 "$memseal" run --slots=seal --engine=filter -- \
  "$work/program" "$work/library.so"
says "program held"
says "library held"
# A keeper's fence may leave no room near what dlopen brings: then that is told.
for engine in keeper strict; do
  rm -f "$work/report"
  exits 0 "$memseal" run --slots=seal --engine=$engine \
    --report="$work/report" -- "$work/program" "$work/library.so"
  says "program held"
  grep -q 'library held' "$work/said" ||
    grep -q '/library.so slots not sealed: there is no free memory' \
      "$work/report"
done
