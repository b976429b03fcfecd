#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MEMSEAL_RO_AFTER_INIT variables of several units are sealed, and nothing beside
# them is, whatever compiler, linker and optimisation a project uses.
. "$(dirname "$0")/common.inc"
need g++
program=$SOURCE/tests/system/programs/ro_after_init.cc
cd "$work"

all_writable='before: in the section ww, beside it www'
sealed='sealed: in the section --, beside it www'
# builds COMPILER OPTION...: two units, one section.
builds() {
  echo "$*"
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
for linker in gold lld; do
  if command -v "ld.$linker" >/dev/null; then
    builds g++ -std=c++23 -O2 "-fuse-ld=$linker"
  fi
done
if command -v clang++-16 >/dev/null; then
  # Where libstdc++ 12 shows std::expected to GCC alone, clang says it can too.
  builds clang++-16 -std=c++2b -O2 -U__cpp_concepts -D__cpp_concepts=202002 \
    -Wno-builtin-macro-redefined
fi

# A library has a section of its own, and seals it itself; also where nothing is
# inlined, and the dynamic linker takes the first of two functions of one name.
for level in -O0 -O2; do
  g++ -std=c++23 $level -fPIC -shared -I "$SOURCE/include" -DLIBRARY "$program" \
    -o libother.so "$BUILD/libmemseal.so"
  g++ -std=c++23 $level -I "$SOURCE/include" "$program" ./libother.so \
    "$BUILD/libmemseal.so" -Wl,-rpath,"$BUILD" -o program
  ./program library >out
  diff - out <<END
$all_writable
sealed: in the section -w, beside it www
library too: in the section --, beside it www
END
done
