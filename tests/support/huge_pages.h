// SPDX-License-Identifier: Apache-2.0
// Huge pages (hugetlb) of the real kernel, for tests that must fill one.
#pragma once

#include <cstddef>

namespace memseal::test {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Sees to it that so many huge pages of 2 MiB are free, which takes root, and
/// puts the machine's setting back at the end. One test at a time may hold it.
class FreeHugePages {
public:
  explicit FreeHugePages(long wanted);
  FreeHugePages(const FreeHugePages &) = delete;
  FreeHugePages &operator=(const FreeHugePages &) = delete;
  ~FreeHugePages();

  /// Why there are none; null if there are.
  const char *missing() const { return missing_; }

private:
  int setting_ = -1;
  long before_ = -1;
  const char *missing_ = nullptr;
};

/// A mapping of one huge page, filled with `letter`; null if there is none.
char *map_huge_page(char letter);

/// The first multiple of the size of a huge page in a fresh stretch of small
/// pages, with `size` bytes behind it. Ends the process if there is no room.
char *aligned_pages(std::size_t size);

}  // namespace memseal::test
