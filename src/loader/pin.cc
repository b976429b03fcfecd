// SPDX-License-Identifier: Apache-2.0
#include "loader/pin.h"

namespace memseal::loader {
namespace {

// <dlfcn.h> has them for one C library only.
constexpr int rtld_lazy = 1, rtld_noload = 4, rtld_nodelete = 0x1000;

}  // namespace

// In libc since glibc 2.34, in libdl before.
Dlmopen find_dlmopen(LinkMap *head) {
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (void *found = find_symbol(*map, "dlmopen"))
      return reinterpret_cast<Dlmopen>(found);
  }
  return nullptr;
}

bool pin(const LinkMap &map, long lmid, Dlmopen open) {
  return open != nullptr &&
         open(lmid, map.l_name, rtld_lazy | rtld_noload | rtld_nodelete) !=
             nullptr;
}

}  // namespace memseal::loader
