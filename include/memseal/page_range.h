// SPDX-License-Identifier: Apache-2.0
// A run of whole pages: the smallest thing that can be sealed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memseal/error.h"

MEMSEAL_NAMESPACE_BEGIN

using Address = std::uintptr_t;

/// Half-open run [begin, end) of whole pages. Never empty, never wraps.
///
/// mseal(2) silently rounds a length up to whole pages. A PageRange cannot hold
/// a partial page, so what you asked to seal is exactly what gets sealed.
class PageRange {
public:
  /// Units:   bytes; `page` is the page size of the target, a power of two.
  /// Errors:  misaligned, empty, overflow. Nothing is touched on error.
  /// Source:  Linux, userspace-api/mseal.rst, "Return values".
  static Result<PageRange> create(Address begin, std::size_t size,
                                  std::size_t page);

  /// The pages that [begin, begin + size) touches, however unaligned.
  /// Errors:  empty, overflow.
  static Result<PageRange> covering(Address begin, std::size_t size,
                                    std::size_t page);

  constexpr Address begin() const { return begin_; }
  constexpr Address end() const { return end_; }
  constexpr std::size_t size() const { return end_ - begin_; }

  constexpr bool contains(Address a) const { return begin_ <= a && a < end_; }
  constexpr bool contains(PageRange o) const {
    return begin_ <= o.begin_ && o.end_ <= end_;
  }
  constexpr bool overlaps(PageRange o) const {
    return begin_ < o.end_ && o.begin_ < end_;
  }
  constexpr bool touches(PageRange o) const {
    return begin_ <= o.end_ && o.begin_ <= end_;
  }

  /// The pages both hold. Needs: overlaps(o).
  PageRange intersection(PageRange o) const;

  friend constexpr bool operator==(PageRange a, PageRange b) {
    return a.begin_ == b.begin_ && a.end_ == b.end_;
  }
  friend constexpr bool operator!=(PageRange a, PageRange b) {
    return !(a == b);
  }

private:
  friend class RangeSet;
  constexpr PageRange(Address begin, Address end) : begin_(begin), end_(end) {}
  Address begin_, end_;
};

inline Result<PageRange> PageRange::create(Address begin, std::size_t size,
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

inline Result<PageRange> PageRange::covering(Address begin, std::size_t size,
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

inline PageRange PageRange::intersection(PageRange o) const {
  if (!overlaps(o))
    __builtin_trap();
  return PageRange(begin_ > o.begin_ ? begin_ : o.begin_,
                   end_ < o.end_ ? end_ : o.end_);
}

MEMSEAL_NAMESPACE_END
