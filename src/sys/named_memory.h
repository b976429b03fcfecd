// SPDX-License-Identifier: Apache-2.0
// Memory of this process that others can find, and a lock that fork opens.
#pragma once

#include <atomic>
#include <cstdint>

#include "memseal/page_range.h"

namespace memseal::sys {

/// Private memory of zeros, readable and writable, that /proc/PID/maps shows as
/// "/memfd:NAME (deleted)". A fork copies it, like any private memory.
///
/// Where memfd_create(2) is not to be had (Linux 3.17), the memory is there
/// without the name.
/// Errors:  system.
Result<PageRange> map_named(const char *name, std::size_t size);

/// Replaces pages by anonymous ones of zeros that are zeros again in a forked
/// child (MADV_WIPEONFORK, Linux 4.14; before that the child gets a copy).
/// Errors:  system.
Result<void> replace_by_wiped_on_fork(PageRange range);

/// Sleeps until somebody calls `wake`, at most `microseconds`, if the word is
/// still `seen`. May return early.
void wait(const std::atomic<std::uint32_t> &word, std::uint32_t seen,
          long microseconds);
void wake(const std::atomic<std::uint32_t> &word);

/// Monotonic time. Units: microseconds since some point in the past.
std::uint64_t now_microseconds();

}  // namespace memseal::sys
