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

/// What is known already to end what a mapping holds, here or in children.
struct Lasting {
  /// Pages that nobody wrote to since the kernel last cleaned them. In private
  /// anonymous memory MADV_FREE does so, and the pages go when memory is short;
  /// so does swapping. LazyFree would tell, but counts late: the kernel
  /// collects such pages by processor (Linux, mm/swap.c, folio_mark_lazyfree).
  bool clean = false;
  bool droppable = false;       ///< MAP_DROPPABLE: VmFlags `dp`
  bool not_in_child = false;    ///< MADV_DONTFORK: `dc`
  bool empty_in_child = false;  ///< MADV_WIPEONFORK: `wf`
};

struct Mapping {
  PageRange range;
  Protection protection;
  Sharing sharing = Sharing::private_copy;
  KernelSeal seal = KernelSeal::unknown;
  /// All false but where sys::MapsReader read smaps.
  Lasting lasting = {};
  /// What pkey_mprotect(2) set; 0 where smaps does not tell. A thread's rights
  /// may forbid writing with it.
  std::uint32_t protection_key = 0;
  /// Of the pages it is made of, in bytes: more than the machine's smallest for
  /// hugetlb. 0 where smaps does not tell.
  std::uint64_t page_size = 0;
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
