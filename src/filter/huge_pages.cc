// SPDX-License-Identifier: Apache-2.0
#include "filter/huge_pages.h"

#include <ranges>

#include "base/assert.h"

namespace memseal::filter {
namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

constexpr std::uint64_t on_x86[] = {2 * mib, 1 * gib};
constexpr std::uint64_t on_arm[] = {64 * kib,  2 * mib, 32 * mib,
                                    512 * mib, 1 * gib, 16 * gib};

}  // namespace

std::span<const std::uint64_t> huge_page_sizes(Architecture architecture) {
  if (architecture == Architecture::arm64)
    return on_arm;
  return on_x86;
}

Address last_byte_mapped(Architecture architecture, std::uint64_t alignment,
                         Address last) {
  for (std::uint64_t size :
       huge_page_sizes(architecture) | std::views::reverse) {
    if ((alignment & (size - 1)) == 0)
      return last | (size - 1);
  }
  return last;
}

Address last_byte_moved_onto(Architecture architecture, Address from,
                             Address to, Address last) {
  MEMSEAL_ASSERT(to <= last);
  for (std::uint64_t size :
       huge_page_sizes(architecture) | std::views::reverse) {
    const std::uint64_t inside = size - 1;
    bool could_be_there = ((from ^ to) & inside) == 0;
    if (could_be_there && (last & ~inside) >= to)
      return last | inside;
  }
  return last;
}

}  // namespace memseal::filter
