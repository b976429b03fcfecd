// SPDX-License-Identifier: Apache-2.0
#include "sys/huge_parts.h"

#include <sys/syscall.h>

#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

// Newer than some headers. Source: Linux, include/uapi/asm-generic/
// mman-common.h.
constexpr long advice_cold = 20;

bool is_inside_huge_page(Address edge) {
  // Nothing is mapped behind: then the edge is that of a page.
  if (call(SYS_madvise, edge, page_size(), advice_cold).error() != EINVAL)
    return false;
  auto maps = MapsReader::of_self(ReadSeals::with_seals);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping)
      return true;
    if (!*mapping)
      return false;
    if ((*mapping)->range.contains(edge))
      return (*mapping)->page_size != 0 && edge % (*mapping)->page_size != 0;
  }
}

}  // namespace

bool cuts_huge_page(PageRange range) {
  return is_inside_huge_page(range.begin()) || is_inside_huge_page(range.end());
}

}  // namespace memseal::sys
