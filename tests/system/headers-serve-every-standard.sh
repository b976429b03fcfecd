#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed headers serve C99 and C++17 and newer, by every compiler and
# standard library that is here, without a warning; units of two standards make
# one program; what is too old is told so in a sentence.
. "$(dirname "$0")/common.inc"
need cmake g++ gcc
cmake --install "$BUILD" --prefix "$work/tree" >/dev/null
include=$work/tree/include
library=$(find "$work/tree" -name libmemseal.a)
programs=$SOURCE/tests/system/programs
cd "$work"
warn=(-Wall -Wextra -Wpedantic -Werror)

# compiles COMPILER OPTION...: and what it makes works.
compiles() {
  echo "$*"
  rm -f program
  "$@" "${warn[@]}" -isystem "$include" "$programs/every_type.cc" "$library" \
    -o program
  [[ $(./program) == 'every type works' ]]
}
compiles g++ -std=c++17
compiles g++ -std=c++20 -O2 -fno-exceptions -fno-rtti
compiles g++ -std=c++23 -O2
if command -v clang++-16 >/dev/null; then
  compiles clang++-16 -std=c++17
  compiles clang++-16 -std=c++2b
  if [[ -d /usr/lib/llvm-16/include/c++ ]]; then
    compiles clang++-16 -std=c++2b -stdlib=libc++ -Wl,-rpath,/usr/lib/llvm-16/lib
  fi
else
  echo "note: no clang++-16, it was not tried"
fi
# The C headers with their warnings, not as those of the system.
for compiler in gcc clang-16; do
  command -v $compiler >/dev/null || continue
  for standard in c99 c11 c17; do
    $compiler -std=$standard "${warn[@]}" -I "$include" -fsyntax-only \
      "$programs/every_function.c"
  done
done

# Two standards in one program: each has its own Result.
g++ -std=c++17 -I "$include" -Dmain=other_main -c "$programs/every_type.cc" -o old.o
cat >both.cc <<'END'
#include <memseal/arena.h>
#include <memseal/ro_after_init.h>
#include <cstdio>
int other_main();
int main() {
  memseal::SealedArena arena;
  auto *number = arena.make<int>(7);
  if (!arena.seal() || *number != 7) return 1;
  return other_main();
}
END
g++ -std=c++23 -I "$include" both.cc old.o "$library" -o both
[[ $(./both) == 'every type works' ]]

# refused TEXT COMPILER OPTION... HEADER
refused() {
  local text=$1 header=${*: -1}
  shift
  echo "#include <memseal/$header>" |
    not "${@:1:$#-1}" -I "$include" -fsyntax-only - 2>said
  grep -qF "$text" said || { cat said; return 1; }
}
refused 'need C++17 or newer' g++ -std=c++14 -xc++ arena.h
refused 'need C++17 or newer' g++ -std=c++11 -xc++ secret.h
refused 'need C++11 or newer' g++ -std=c++98 -xc++ memseal.h
refused 'need C99 or newer' gcc -std=c90 -xc memseal.h
refused 'for 64-bit programs' gcc -m32 -xc memseal.h
