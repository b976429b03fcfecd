#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every function that the installed C headers declare is in the installed
# library, shared and static, shows nothing else, and works in a project that
# finds it by pkg-config, by CMake or by Meson.
. "$(dirname "$0")/common.inc"
need cmake cc c++ pkg-config
cmake --install "$BUILD" --prefix "$work/tree" >/dev/null
lib=$(dirname "$(find "$work/tree" -name libmemseal.so)")
export PKG_CONFIG_PATH=$lib/pkgconfig
program=$SOURCE/tests/system/programs/every_function.c
cd "$work"

# What is declared, what is there, and what the program uses: the same list.
cat tree/include/memseal/*.h | tr '\n' ' ' |
  grep -oE 'MEMSEAL(_ARENA)?_API +[^;(]*\(' | grep -oE '\<memseal[a-z_]*\(' |
  tr -d '(' | sort -u >declared
nm -D --defined-only "$lib/libmemseal.so" | awk '$2 == "T" {print $3}' |
  sed 's/@@.*//' | sort >exported
cc -std=c99 -pedantic -Wall -Werror -I tree/include -c "$program" -o used.o
c++ -std=c++17 -I tree/include -c "$SOURCE/tests/system/programs/every_type.cc" \
  -o used-by-cxx.o
nm -u used.o used-by-cxx.o | grep -oE ' memseal.*' | sort -u | tr -d ' ' >used
[[ $(wc -l <declared) -gt 20 ]]
diff declared exported
diff declared used
# Each has a version of its own: a program that needs a newer one is told so.
not grep -vE '@@MEMSEAL_0\.[0-9]+$' <(nm -D --defined-only \
  "$lib/libmemseal.so" | awk '$2 == "T" {print $3}')

expected='every function works'
runs() { [[ $(LD_LIBRARY_PATH=$lib "$@") == "$expected" ]]; }
# links FILE yes|no: whether it needs libmemseal.so.
links() {
  local found=no
  readelf -d "$1" | grep -q 'NEEDED.*libmemseal' && found=yes
  [[ $found == "$2" ]]
}

# shellcheck disable=SC2046
{
  cc -std=c99 "$program" -o by-pkg-config $(pkg-config --cflags --libs memseal)
  cc -std=c99 "$program" -o static-by-pkg-config -static \
    $(pkg-config --static --cflags --libs memseal)
}
links by-pkg-config yes && runs ./by-pkg-config
links static-by-pkg-config no && runs ./static-by-pkg-config

mkdir project
cp "$program" project
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(user C)
find_package(memseal REQUIRED)
add_executable(shared every_function.c)
target_link_libraries(shared PRIVATE memseal::memseal)
add_executable(static every_function.c)
target_link_libraries(static PRIVATE memseal::static)
END
cmake -S project -B by-cmake -DCMAKE_PREFIX_PATH="$work/tree" >/dev/null
cmake --build by-cmake >/dev/null
links by-cmake/shared yes && runs by-cmake/shared
links by-cmake/static no && runs by-cmake/static

command -v meson >/dev/null || { echo "note: no meson, it was not tried"; exit 0; }
cat >project/meson.build <<'END'
project('user', 'c', default_options: ['c_std=c99'])
executable('shared', 'every_function.c', dependencies: dependency('memseal'))
executable('static', 'every_function.c',
           dependencies: dependency('memseal', static: true))
END
meson setup by-meson project >meson.log || { cat meson.log; exit 1; }
ninja -C by-meson >/dev/null
links by-meson/shared yes && runs by-meson/shared
links by-meson/static no && runs by-meson/static
