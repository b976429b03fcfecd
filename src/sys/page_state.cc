// SPDX-License-Identifier: Apache-2.0
#include "sys/page_state.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

int prepare_writing(Address page) {
  return call(SYS_madvise, page, page_size(), MADV_POPULATE_WRITE).error();
}

}  // namespace

bool is_mapped(Address page) {
  unsigned char resident;
  return !call(SYS_mincore, page, 1, &resident).failed();
}

Writability writability(Address page) {
  int error = prepare_writing(page);
  if (error == 0)
    return Writability::writable;
  // Before 5.14 every advice of this number is EINVAL: ask about a page that
  // is surely writable, this frame's.
  unsigned char here = 0;
  Address own = reinterpret_cast<Address>(&here) & ~(page_size() - 1);
  if (error == EINVAL && prepare_writing(own) == 0)
    return Writability::read_only;
  return Writability::unknown;
}

}  // namespace memseal::sys
