// SPDX-License-Identifier: Apache-2.0
#include "memseal/page_range.h"

#include "base/assert.h"

namespace memseal {

Result<PageRange> PageRange::create(Address begin, std::size_t size,
                                    std::size_t page) {
  if (size == 0)
    return fail(Errc::empty);
  if (((begin | size) & (page - 1)) != 0)
    return fail(Errc::misaligned);

  // The very last page is refused too: its end, 2^64, has no representation.
  if (begin + size < begin)
    return fail(Errc::overflow);

  return PageRange(begin, begin + size);
}

Result<PageRange> PageRange::covering(Address begin, std::size_t size,
                                      std::size_t page) {
  if (size == 0)
    return fail(Errc::empty);
  Address last = begin + (size - 1);
  if (last < begin)
    return fail(Errc::overflow);
  Address first_page = begin & ~(page - 1);
  Address last_page = last & ~(page - 1);
  return create(first_page, last_page - first_page + page, page);
}

PageRange PageRange::intersection(PageRange o) const {
  MEMSEAL_ASSERT(overlaps(o));
  return PageRange(begin_ > o.begin_ ? begin_ : o.begin_,
                   end_ < o.end_ ? end_ : o.end_);
}

}  // namespace memseal
