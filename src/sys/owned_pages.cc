// SPDX-License-Identifier: Apache-2.0
#include "sys/owned_pages.h"

#include "sys/memory.h"

namespace memseal::sys {

Result<OwnedPages> OwnedPages::create(std::size_t size) {
  return OwnedPages(MEMSEAL_TRY(map_anonymous(size)));
}

OwnedPages::~OwnedPages() {
  if (range_)
    (void)unmap(*range_);
}

}  // namespace memseal::sys
