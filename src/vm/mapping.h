// SPDX-License-Identifier: Apache-2.0
// One VMA, as /proc/PID/maps and smaps tell it.
#pragma once

#include <cstdint>
#include <string_view>

#include "memseal/page_range.h"
#include "vm/protection.h"

namespace memseal {

enum class Sharing : std::uint8_t { private_copy, shared };

/// Whether the kernel's own seal (VmFlags `sl`) is set. `unknown` where only
/// /proc/PID/maps was read, which does not tell.
enum class KernelSeal : std::uint8_t { unknown, absent, present };

struct Mapping {
  PageRange range;
  Protection protection;
  Sharing sharing = Sharing::private_copy;
  KernelSeal seal = KernelSeal::unknown;
  /// Marked as a keeper's seals are: VmFlags `dd` and `rr`, which MADV_DONTDUMP
  /// and MADV_RANDOM set. Any program may do that to its memory, so alone it
  /// means nothing. False where `seal` is unknown.
  bool marked = false;
  std::uint64_t offset = 0;  ///< bytes into the file
  std::uint64_t inode = 0;   ///< 0: anonymous
  std::uint32_t device_major = 0, device_minor = 0;
  /// Path, or [heap], [stack], [vdso], [anon:NAME]; empty for plain anonymous
  /// memory. Points into the text that was parsed, escapes not undone.
  std::string_view name;

  /// Whether both map the same file.
  bool same_file(const Mapping &other) const {
    return inode != 0 && inode == other.inode &&
           device_major == other.device_major &&
           device_minor == other.device_minor;
  }
};

}  // namespace memseal
