// SPDX-License-Identifier: Apache-2.0
// Memory for code that may use neither the heap nor much of the stack: it runs
// before main, in signal handlers, or with a full heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::sys {

/// Private anonymous memory with one owner, which unmaps it at its end. Pages
/// that are never touched cost nothing but addresses.
///
/// Context: anywhere.
class OwnedPages {
public:
  /// Owns nothing.
  OwnedPages() = default;
  /// Zeros, readable and writable. Units: bytes, rounded up to whole pages.
  /// Needs:   size not 0.
  /// Errors:  system: ENOMEM.
  static Result<OwnedPages> create(std::size_t size);
  /// Becomes the owner of memory that `release` gave away.
  static OwnedPages adopt(PageRange range) { return OwnedPages(range); }

  OwnedPages(OwnedPages &&other) noexcept
      : range_(std::exchange(other.range_, std::nullopt)) {}
  /// `other` then owns what this one owned.
  OwnedPages &operator=(OwnedPages &&other) noexcept {
    std::swap(range_, other.range_);
    return *this;
  }
  ~OwnedPages();

  /// Nothing if it owns nothing.
  std::optional<PageRange> range() const { return range_; }
  /// Gives the memory away: nobody unmaps it.
  std::optional<PageRange> release() {
    return std::exchange(range_, std::nullopt);
  }

  /// As many values as fit. Their bytes are 0 until they are written.
  template <typename T>
  std::span<T> as() const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (!range_)
      return {};
    return {reinterpret_cast<T *>(range_->begin()), range_->size() / sizeof(T)};
  }

private:
  explicit OwnedPages(PageRange range) : range_(range) {}
  std::optional<PageRange> range_;
};

/// A list that grows, for lengths that nobody can bound before.
template <typename T>
class OwnedList {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  /// Errors:  system: ENOMEM. The list is as it was.
  Result<void> push_back(const T &value) {
    if (size_ == places().size())
      MEMSEAL_TRY_VOID(grow());
    std::construct_at(places().data() + size_++, value);
    return {};
  }
  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<const T> view() const { return places().first(size_); }

private:
  std::span<T> places() const { return pages_.template as<T>(); }
  Result<void> grow() {
    auto bigger = MEMSEAL_TRY(OwnedPages::create(
        std::max<std::size_t>(4096, 2 * places().size_bytes())));
    std::uninitialized_copy_n(view().data(), size_,
                              bigger.template as<T>().data());
    pages_ = std::move(bigger);
    return {};
  }

  OwnedPages pages_;
  std::size_t size_ = 0;
};

}  // namespace memseal::sys
