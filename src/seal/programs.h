// SPDX-License-Identifier: Apache-2.0
// Where filters are compiled and installed: the meeting of filter/ and sys/.
#pragma once

#include <cstdint>
#include <span>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal.h"

namespace memseal {

/// Pages that one filter is to guard.
struct GuardedRange {
  PageRange range;
  SealTypes types;
  Downgrade downgrade;
};

/// Compiles one filter for all the ranges and installs it on all threads.
/// `attached` are the addresses that shmdt(2) must not be called with.
/// Returns the number of instructions.
///
/// Needs:   ranges sorted and disjoint.
/// Errors:  unsupported, budget, unsynchronised, system. Nothing is installed.
Result<std::uint32_t> install_guard(std::span<const GuardedRange> ranges,
                                    std::span<const Address> attached);

/// The same for the base filter of a level that is not `none`.
Result<std::uint32_t> install_base(BaseLevel level);

}  // namespace memseal
