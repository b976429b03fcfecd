// SPDX-License-Identifier: Apache-2.0
// /etc/ld.so.cache: where glibc's loader looks for libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "elf/flaw.h"

namespace memseal::elf {

/// The cache that ldconfig(8) writes, in the format of glibc 2.2 and later
/// ("glibc-ld.so.cache1.1"), also where it follows the older one.
///
/// Looks at the bytes it was given; they must outlive it. They may lie: every
/// offset is checked, and a cache that is not sorted finds less, no more.
class LibraryCache {
public:
  /// Errors:  bad_header, strings_outside.
  static Refusable<LibraryCache, Flaw> create(std::span<const std::byte> bytes);

  std::size_t size() const { return count_; }

  /// The path of the library with this name for this machine's 64-bit glibc;
  /// empty if there is none. Of several the first: they differ by hardware
  /// capabilities, and are builds of the same library.
  std::string_view find(std::string_view name) const;

private:
  struct Entry {
    std::int32_t flags;
    std::uint32_t key, value, os_version;
    std::uint64_t hwcap;
  };
  LibraryCache() = default;
  Entry entry(std::size_t i) const;
  std::string_view text_at(std::uint32_t offset) const;

  std::span<const std::byte> bytes_;  ///< from the new format's magic on
  std::size_t count_ = 0;
};

/// How ldconfig orders names: as strcmp, but runs of digits as numbers.
/// Negative, zero or positive.
int compare_library_names(std::string_view a, std::string_view b);

}  // namespace memseal::elf
