// SPDX-License-Identifier: Apache-2.0
// What a system call would do to which pages, told from its registers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "memseal/page_range.h"

struct seccomp_data;

namespace memseal::supervisor {

/// What mseal(2) makes of the call on a sealed page.
enum class Effect : std::uint8_t {
  none,         ///< changes no mapping
  change,       ///< mprotect, munmap, mmap, mremap, remap_file_pages: EPERM
  discard,      ///< destructive advice: EPERM where writing is not allowed
  clear_mark,   ///< advice that would take our mark away
  lower_break,  ///< brk: the kernel silently does nothing
  detach,       ///< shmdt: the kernel says success and does nothing
  attach_over,  ///< shmat with SHM_REMAP: size unknown
  request,      ///< of a client of ours: see sys/served_mseal.h
  hides,        ///< may keep us from looking into the process
  refused,      ///< prctl(PR_SET_MM)
};

/// What seccomp_data::arch is for the calls of a 64-bit program. Others have
/// other numbers.
extern const std::uint32_t native_arch;

struct MemoryCall {
  Effect effect = Effect::none;
  /// The pages it touches; two for an mremap onto a place.
  std::vector<PageRange> ranges{};
  /// A descriptor whose file may be on hugetlbfs, which rounds the end up.
  std::optional<int> file{};
};

/// A call of another architecture has no effect that is known.
///
/// Units:   `page` is the page size of the caller.
MemoryCall decode(const seccomp_data &data, std::size_t page);

}  // namespace memseal::supervisor
