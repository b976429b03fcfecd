// SPDX-License-Identifier: Apache-2.0
// Compiles filters and installs them in this process: the meeting of filter/
// and sys/.
#pragma once

#include <span>

#include "filter/programs.h"
#include "memseal/error.h"
#include "memseal/seal_types.h"
#include "seal/own_mappings.h"

namespace memseal {

/// Compiles one filter for all the ranges and installs it on all threads.
///
/// Ranges that are too many for one program, and not for two, make two. Both
/// are installed or none: where the kernel's room may not suffice, a forked
/// child tries first. `before` is what this process has of memseal's own, from
/// which the room is known, if there are no filters of others.
///
/// Needs:   ranges sorted and disjoint.
/// Errors:  unsupported, budget, unsynchronised, system. Nothing is installed;
///          but if memory runs out between two programs, or a thread installs
///          filters of its own there, the first one stays. It forbids nothing
///          but mremap from the ranges to a fixed address.
Result<filter::FilterCount> install_range_filter(
    std::span<const filter::GuardedRange> ranges, const FilterContext &context,
    filter::FilterCount before);

/// The base filter of a level that is not `none`. Errors: the same.
Result<filter::FilterCount> install_base_filter(BaseLevel level);

}  // namespace memseal
