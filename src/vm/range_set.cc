// SPDX-License-Identifier: Apache-2.0
#include "vm/range_set.h"

#include <algorithm>

namespace memseal {

std::size_t RangeSet::first_ending_after(Address address) const {
  auto all = runs();
  auto it = std::partition_point(all.begin(), all.end(), [&](PageRange run) {
    return run.end() <= address;
  });
  return static_cast<std::size_t>(it - all.begin());
}

void RangeSet::resize_gap(std::size_t first, std::size_t last,
                          std::size_t count) {
  auto *items = storage_.data();
  std::size_t tail = size_ - last;
  if (first + count < last)
    std::copy(items + last, items + size_, items + first + count);
  else if (first + count > last)
    std::copy_backward(items + last, items + size_,
                       items + first + count + tail);
  size_ = first + count + tail;
}

Result<void> RangeSet::add(PageRange range) {
  // A run that ends exactly where `range` begins touches it: search one byte
  // lower. Page zero has no lower byte and nothing can end at it.
  std::size_t first =
      range.begin() == 0 ? 0 : first_ending_after(range.begin() - 1);
  std::size_t last = first;
  while (last < size_ && storage_[last].begin() <= range.end())
    ++last;
  if (first == last && size_ == storage_.size())
    return fail(Errc::capacity);

  PageRange merged = range;
  if (first != last)
    merged = PageRange(std::min(range.begin(), storage_[first].begin()),
                       std::max(range.end(), storage_[last - 1].end()));
  resize_gap(first, last, 1);
  storage_[first] = merged;
  return {};
}

Result<void> RangeSet::carve(PageRange range) {
  std::size_t first = first_ending_after(range.begin());
  std::size_t last = first;
  while (last < size_ && storage_[last].begin() < range.end())
    ++last;
  if (first == last)
    return {};

  PageRange left = storage_[first];
  PageRange right = storage_[last - 1];
  bool keep_left = left.begin() < range.begin();
  bool keep_right = range.end() < right.end();
  std::size_t kept = std::size_t{keep_left} + std::size_t{keep_right};
  if (size_ - (last - first) + kept > storage_.size())
    return fail(Errc::capacity);

  resize_gap(first, last, kept);
  if (keep_left)
    storage_[first++] = PageRange(left.begin(), range.begin());
  if (keep_right)
    storage_[first] = PageRange(range.end(), right.end());
  return {};
}

bool RangeSet::contains(Address address) const {
  std::size_t i = first_ending_after(address);
  return i < size_ && storage_[i].contains(address);
}

bool RangeSet::covers(PageRange range) const {
  std::size_t i = first_ending_after(range.begin());
  return i < size_ && storage_[i].contains(range);
}

bool RangeSet::overlaps(PageRange range) const {
  std::size_t i = first_ending_after(range.begin());
  return i < size_ && storage_[i].overlaps(range);
}

std::size_t RangeSet::bytes() const {
  std::size_t total = 0;
  for (PageRange run : runs())
    total += run.size();
  return total;
}

}  // namespace memseal
