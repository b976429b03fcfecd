// SPDX-License-Identifier: Apache-2.0
#include "sys/page_state.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

int prepare_writing(Address page) {
  return call(SYS_madvise, page, page_size(), MADV_POPULATE_WRITE).error();
}

}  // namespace

std::optional<Protection> protection_of(Address page) {
  auto maps = MapsReader::of_self(ReadSeals::without);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping && mapping.error().code == Errc::malformed)
      continue;
    if (!mapping || !*mapping || (*mapping)->range.begin() > page)
      return std::nullopt;
    if ((*mapping)->range.contains(page))
      return (*mapping)->protection;
  }
}

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
  std::optional<Protection> listed = protection_of(page);
  if (!listed)
    return Writability::unknown;
  return listed->writable() ? Writability::writable : Writability::read_only;
}

}  // namespace memseal::sys
