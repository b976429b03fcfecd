// SPDX-License-Identifier: Apache-2.0
// A vector that never allocates.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/assert.h"

namespace memseal {

/// Up to `Capacity` values in place. Sealing runs before main, in signal
/// handlers and with a full heap, so its tables may not allocate.
///
/// T must be trivially destructible; `clear` forgets the values.
template <typename T, std::size_t Capacity>
class InlineVector {
public:
  static constexpr std::size_t capacity() { return Capacity; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == Capacity; }

  T &operator[](std::size_t i) {
    MEMSEAL_ASSERT(i < size_);
    return items_[i];
  }
  const T &operator[](std::size_t i) const {
    MEMSEAL_ASSERT(i < size_);
    return items_[i];
  }
  T &back() { return (*this)[size_ - 1]; }
  const T &back() const { return (*this)[size_ - 1]; }

  /// Returns whether there was room. Nothing changes when there was none.
  [[nodiscard]] bool push_back(const T &value) {
    if (full())
      return false;
    items_[size_++] = value;
    return true;
  }
  void pop_back() {
    MEMSEAL_ASSERT(!empty());
    --size_;
  }
  void clear() { size_ = 0; }

  T *begin() { return items_.data(); }
  T *end() { return items_.data() + size_; }
  const T *begin() const { return items_.data(); }
  const T *end() const { return items_.data() + size_; }

  std::span<const T> view() const { return {items_.data(), size_}; }
  std::span<T> view() { return {items_.data(), size_}; }

private:
  std::array<T, Capacity> items_{};
  std::size_t size_ = 0;
};

}  // namespace memseal
