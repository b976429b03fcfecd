// SPDX-License-Identifier: Apache-2.0
// What can be learned about a page without touching it.
#pragma once

#include <cstdint>
#include <optional>

#include "memseal/page_range.h"
#include "vm/protection.h"

namespace memseal::sys {

/// Whether something is mapped there. Changes nothing.
/// Source: mincore(2), ENOMEM.
bool is_mapped(Address page);

/// What /proc/self/maps says of the page; nothing if it cannot be read, or
/// nothing is mapped there.
std::optional<Protection> protection_of(Address page);

enum class Writability : std::uint8_t { writable, read_only, unknown };

/// Whether the page can be written to.
///
/// Asks the kernel to prepare the page for writing (MADV_POPULATE_WRITE), which
/// it refuses with EINVAL where writing is not allowed. The bytes stay what
/// they are; a private page that nobody had written becomes the process's own.
///
/// Kernel:  5.14. Before, /proc/self/maps is read; `unknown` where it cannot
/// be. Source:  madvise(2); Linux, mm/madvise.c, madvise_populate.
Writability writability(Address page);

}  // namespace memseal::sys
