#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MEMSEAL_RO_AFTER_INIT variables of several units are sealed, and nothing beside
# them is, whatever compiler, linker and optimisation a project uses.
. "$(dirname "$0")/common.inc"
need g++
program=$SOURCE/tests/system/programs/ro_after_init.cc
cd "$work"

all_writable='before: in the section ww, pages ww, beside it www'
sealed='sealed: in the section --, pages --, beside it www'
# builds COMPILER OPTION...: two units, one section.
builds() {
  echo "$*"
  rm -f program
  "$@" -I "$SOURCE/include" -DLIBRARY -c "$program" -o other.o
  "$@" -I "$SOURCE/include" "$program" other.o "$BUILD/libmemseal.a" -o program
  [[ $(./program) == "$all_writable"$'\n'"$sealed" ]]
}
builds g++ -std=c++23 -O0
builds g++ -std=c++23 -O2
builds g++ -std=c++23 -O2 -flto
builds g++ -std=c++23 -O2 -flto -flto-partition=one
builds g++ -std=c++23 -O2 -ffunction-sections -fdata-sections -Wl,--gc-sections
builds g++ -std=c++23 -O2 -no-pie
builds g++ -std=c++23 -O2 -static
for standard in c++17 c++20; do
  builds g++ -std=$standard -O0
  builds g++ -std=$standard -O2
done
for linker in gold lld mold; do
  if command -v "ld.$linker" >/dev/null; then
    builds g++ -std=c++23 -O2 "-fuse-ld=$linker"
    builds g++ -std=c++23 -O2 "-fuse-ld=$linker" -ffunction-sections \
      -fdata-sections -Wl,--gc-sections
  fi
done
if command -v clang++-16 >/dev/null; then
  builds clang++-16 -std=c++17 -O0
  builds clang++-16 -std=c++2b -O2
  # Where libstdc++ 12 shows std::expected to GCC alone, clang says it can too.
  builds clang++-16 -std=c++2b -O2 -U__cpp_concepts -D__cpp_concepts=202002 \
    -Wno-builtin-macro-redefined
fi

# Units of two standards in one program: one list of variables.
g++ -std=c++17 -I "$SOURCE/include" -DLIBRARY -c "$program" -o other.o
g++ -std=c++23 -I "$SOURCE/include" "$program" other.o "$BUILD/libmemseal.a" \
  -o program
[[ $(./program) == "$all_writable"$'\n'"$sealed" ]]

# What would not be sealed is an error that names the cure, never a success.
refuses() { # TEXT OPTION...
  local text=$1
  shift
  g++ -std=c++17 "$@" -I "$SOURCE/include" \
    "$SOURCE/tests/system/programs/misplaced.cc" "$BUILD/libmemseal.a" -o program
  ./program >said || { cat said; return 1; }
  grep -qF "$text" said || { cat said; return 1; }
}
refuses 'sealed' # control: where all are in their place
refuses 'call it in the module that declares them' -DNOTHING
refuses 'memseal::ro_after_init_page' -DOF_A_TEMPLATE
refuses 'memseal::ro_after_init_page' -DWITHOUT_THE_MACRO
refuses 'memseal::ro_after_init_page' -DNAMED

# A library has a section of its own, and seals it itself; also where nothing is
# inlined, and the dynamic linker takes the first of two functions of one name.
for level in -O0 -O2; do
  g++ -std=c++23 $level -fPIC -shared -I "$SOURCE/include" -DLIBRARY -DSHARED \
    "$program" -o libother.so "$BUILD/libmemseal.so"
  g++ -std=c++23 $level -I "$SOURCE/include" "$program" ./libother.so \
    "$BUILD/libmemseal.so" -Wl,-rpath,"$BUILD" -o program
  ./program library >out
  diff - out <<END
$all_writable
sealed: in the section -w, pages ww, beside it www
library too: in the section --, pages --, beside it www
END
done
