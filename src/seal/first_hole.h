// SPDX-License-Identifier: Apache-2.0
// Which of many ranges is the first with a hole (S-06).
//
// One msync(2) over everything from the lowest page to the highest answers for
// all ranges at once, if nothing is missing between them either; and ranges of
// one batch mostly lie in one mapping, or in one library after the other. Only
// where something is missing the list is cut in halves. A thousand ranges cost
// a few calls in place of a thousand, which take longer than the kernel needs
// to install their filter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "sys/holes.h"
#include "sys/memory.h"

namespace memseal {

/// A hole in a list of ranges.
struct FirstHole {
  std::size_t index;  ///< of the range
  Address at;
};

/// The first range of [begin, end), in their order, that is not all mapped.
/// `range_at(i)` is a PageRange, or nothing for a range without pages.
///
/// Errors:  system, as msync(2).
template <typename RangeAt>
Result<std::optional<FirstHole>> first_hole(std::size_t begin, std::size_t end,
                                            const RangeAt &range_at) {
  Address lowest = ~Address{0}, highest = 0;
  for (std::size_t i = begin; i != end; ++i) {
    if (std::optional<PageRange> range = range_at(i)) {
      lowest = std::min(lowest, range->begin());
      highest = std::max(highest, range->end());
    }
  }
  if (lowest >= highest)
    return std::nullopt;
  auto span = *PageRange::create(lowest, highest - lowest, sys::page_size());
  if (end - begin == 1) {
    auto at = MEMSEAL_TRY(sys::first_hole(span));
    return at ? std::optional(FirstHole{begin, *at}) : std::nullopt;
  }
  auto mapped = sys::check_mapped(span);
  if (mapped)
    return std::nullopt;
  if (mapped.error().code != Errc::hole)
    return std::unexpected(mapped.error());
  std::size_t middle = begin + (end - begin) / 2;
  if (auto hole = MEMSEAL_TRY(first_hole(begin, middle, range_at)))
    return hole;
  return first_hole(middle, end, range_at);
}

}  // namespace memseal
