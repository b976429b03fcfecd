// SPDX-License-Identifier: Apache-2.0
// The library cache is root's file, but the launcher reads it for every run.
#include <cstdint>
#include <string>

#include "elf/ld_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  using namespace memseal::elf;
  auto cache = LibraryCache::create(std::as_bytes(std::span(data, size)));
  if (!cache)
    return 0;
  for (std::string_view name : {"libc.so.6", "libm.so.6", "", "lib10.so"}) {
    std::string_view path = cache->find(name);
    if (std::string(path).size() > size)
      __builtin_trap();
  }
  return 0;
}
