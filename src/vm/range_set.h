// SPDX-License-Identifier: Apache-2.0
// A set of pages, kept as sorted, disjoint, non-touching runs.
#pragma once

#include <cstddef>
#include <span>

#include "memseal/page_range.h"

namespace memseal {

/// A set of pages over storage that somebody else owns, so that it works
/// without a heap. Touching ranges are merged at once: a set of pages has one
/// representation, and two sets are equal when their runs are.
///
/// Every change is all or nothing: `Errc::capacity` leaves the set as it was.
class RangeSet {
public:
  explicit RangeSet(std::span<PageRange> storage) : storage_(storage) {}

  /// Adds every page of `range`. Errors: capacity.
  Result<void> add(PageRange range);

  /// Takes every page of `range` out. Errors: capacity (a run may split).
  Result<void> carve(PageRange range);

  void clear() { size_ = 0; }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::span<const PageRange> runs() const { return storage_.first(size_); }

  bool contains(Address address) const;
  bool covers(PageRange range) const;
  bool overlaps(PageRange range) const;
  std::size_t bytes() const;

private:
  /// Index of the first run whose end is above `address`; size() if none.
  std::size_t first_ending_after(Address address) const;
  /// Makes [first, last) into `count` free places at `first`.
  void resize_gap(std::size_t first, std::size_t last, std::size_t count);

  std::span<PageRange> storage_;
  std::size_t size_ = 0;
};

/// A RangeSet that carries its own storage.
template <std::size_t Capacity>
class InlineRangeSet {
public:
  InlineRangeSet() : set_(storage_of(raw_)) {}
  InlineRangeSet(const InlineRangeSet &) = delete;
  InlineRangeSet &operator=(const InlineRangeSet &) = delete;
  RangeSet &operator*() { return set_; }
  RangeSet *operator->() { return &set_; }

private:
  // PageRange has no empty value, hence raw bytes instead of an array of it.
  struct Raw {
    alignas(PageRange) std::byte bytes[Capacity * sizeof(PageRange)];
  };
  static std::span<PageRange> storage_of(Raw &raw) {
    return {reinterpret_cast<PageRange *>(raw.bytes), Capacity};
  }
  Raw raw_;
  RangeSet set_;
};

}  // namespace memseal
