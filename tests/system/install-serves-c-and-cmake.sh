#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed tree is enough to build against, with pkg-config and with CMake,
# and libmemseal.so wants nothing but libc.
set -euo pipefail
for tool in cmake cc c++; do
  command -v "$tool" >/dev/null || { echo "skip: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$BUILD" --prefix "$work/tree" >/dev/null

lib=$(dirname "$(find "$work/tree" -name libmemseal.so)")
needed=$(readelf -d "$lib/libmemseal.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p')
[[ $needed == libc.so.6 ]] || { echo "libmemseal.so needs: $needed"; exit 1; }
# Not one symbol that is not memseal's.
if nm -D --defined-only "$lib/libmemseal.so" | awk '{print $3}' |
  grep -vE '^(memseal|memseal_[a-z_]+|MEMSEAL_0\.[0-9])(@@MEMSEAL_0\.[0-9])?$'; then
  echo "exported beside the C interface"
  exit 1
fi

expected='built once, and then: Operation not permitted'
if command -v pkg-config >/dev/null; then
  export PKG_CONFIG_PATH=$lib/pkgconfig
  # shellcheck disable=SC2046
  cc -std=c99 -pedantic -Wall -Werror "$SOURCE/examples/seal_table.c" \
    -o "$work/by-pkg-config" $(pkg-config --cflags --libs memseal)
  LD_LIBRARY_PATH=$lib "$work/by-pkg-config" | grep -qF "$expected"
else
  echo "note: no pkg-config, half of this was not tried"
fi

# Without libmemseal.so: one program, nothing to install.
cc -std=c99 -I "$work/tree/include" "$SOURCE/examples/seal_table.c" \
  -o "$work/static" "$lib/libmemseal.a"
"$work/static" | grep -qF "$expected"

mkdir "$work/project"
cp "$SOURCE/examples/seal_table.c" "$work/project"
cat >"$work/project/routes.cc" <<'END'
#include <memseal/arena.h>
#include <memseal/ro_after_init.h>
#include <memseal/seal.h>
#include <sys/mman.h>
#include <cstdio>
#include <map>
#include <string>
MEMSEAL_RO_AFTER_INIT int workers = 1;
int main() {
  memseal::SealedArena arena;
  auto *routes = arena.make<std::pmr::map<int, std::pmr::string>>(&arena);
  (*routes)[443] = "a name too long for the small buffer";
  workers = 4;
  if (!arena.seal() || !memseal::seal_ro_after_init()) return 1;
  void *page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto at = reinterpret_cast<memseal::Address>(page);
#ifdef SEALED
  if (!memseal::seal(*memseal::PageRange::create(at, 4096, 4096))) return 2;
#else
  (void)at;
#endif
  bool kept = munmap(page, 4096) != 0;
  std::printf("%s, %d, %s\n", routes->at(443).c_str(), workers,
              kept ? "kept" : "gone");
}
END
cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(user C CXX)
find_package(memseal 0.2 REQUIRED)
add_executable(by_cmake seal_table.c)
target_link_libraries(by_cmake PRIVATE memseal::memseal)
set(CMAKE_CXX_STANDARD 23)
add_executable(unsealed routes.cc)
target_link_libraries(unsealed PRIVATE memseal::memseal)
add_executable(shared routes.cc)
target_compile_definitions(shared PRIVATE SEALED)
target_link_libraries(shared PRIVATE memseal::memseal)
add_executable(static routes.cc)
target_compile_definitions(static PRIVATE SEALED)
target_link_libraries(static PRIVATE memseal::static)
END
cmake -G Ninja -S "$work/project" -B "$work/project/build" \
  -DCMAKE_PREFIX_PATH="$work/tree" >/dev/null
cmake --build "$work/project/build" >/dev/null
"$work/project/build/by_cmake" | grep -qF "$expected"
"$work/project/build/unsealed" |
  grep -qx 'a name too long for the small buffer, 4, gone' # the control
for linked in shared static; do
  "$work/project/build/$linked" |
    grep -qx 'a name too long for the small buffer, 4, kept'
done

# The launcher finds its parts in the tree.
"$work/tree/bin/memseal" run -- /bin/true
