// SPDX-License-Identifier: Apache-2.0
// A list that grows in memory of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "sys/memory.h"

namespace memseal {

/// For the lists of one commit, whose length nobody can bound before and which
/// may stand neither in the heap nor on the stack of a signal handler.
template <typename T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  Scratch() = default;
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch() { release(); }

  /// Errors:  system ENOMEM. The list is as it was.
  Result<void> push_back(const T &value) {
    if (size_ == capacity_)
      MEMSEAL_TRY_VOID(grow());
    items_[size_++] = value;
    return {};
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const T> view() const { return {items_, size_}; }

private:
  Result<void> grow() {
    PageRange memory = MEMSEAL_TRY(
        sys::map_anonymous(std::max<std::size_t>(4096, bytes() * 2)));
    auto *items = reinterpret_cast<T *>(memory.begin());
    std::copy_n(items_, size_, items);
    release();
    items_ = items;
    capacity_ = memory.size() / sizeof(T);
    memory_size_ = memory.size();
    return {};
  }
  void release() {
    if (items_ == nullptr)
      return;
    auto memory = PageRange::create(reinterpret_cast<Address>(items_),
                                    memory_size_, sys::page_size());
    if (memory)
      (void)sys::unmap(*memory);
  }
  std::size_t bytes() const { return capacity_ * sizeof(T); }

  T *items_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0, memory_size_ = 0;
};

}  // namespace memseal
