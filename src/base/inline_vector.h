// SPDX-License-Identifier: Apache-2.0
// A vector that never allocates.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "base/assert.h"

namespace memseal {

/// Up to `Capacity` values in place. Sealing runs before main, in signal
/// handlers and with a full heap, so its tables may not allocate.
///
/// T must be trivially destructible; `clear` forgets the values. T need not
/// have an empty value, and the unused places are never written: a big table
/// costs nothing until it is used.
template <typename T, std::size_t Capacity>
class InlineVector {
  static_assert(std::is_trivially_destructible_v<T>);

public:
  static constexpr std::size_t capacity() { return Capacity; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == Capacity; }

  T &operator[](std::size_t i) {
    MEMSEAL_ASSERT(i < size_);
    return places_.items[i];
  }
  const T &operator[](std::size_t i) const {
    MEMSEAL_ASSERT(i < size_);
    return places_.items[i];
  }
  T &back() { return (*this)[size_ - 1]; }
  const T &back() const { return (*this)[size_ - 1]; }

  /// Returns whether there was room. Nothing changes when there was none.
  [[nodiscard]] bool push_back(const T &value) {
    if (full())
      return false;
    std::construct_at(&places_.items[size_++], value);
    return true;
  }
  void pop_back() {
    MEMSEAL_ASSERT(!empty());
    --size_;
  }
  void clear() { size_ = 0; }

  T *begin() { return places_.items; }
  T *end() { return places_.items + size_; }
  const T *begin() const { return places_.items; }
  const T *end() const { return places_.items + size_; }

  std::span<const T> view() const { return {places_.items, size_}; }
  std::span<T> view() { return {places_.items, size_}; }

private:
  union Places {
    constexpr Places() : none() {}
    char none;
    T items[Capacity];
  };
  // The size first: it shares a page with the first places.
  std::size_t size_ = 0;
  Places places_;
};

}  // namespace memseal
