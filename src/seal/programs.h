// SPDX-License-Identifier: Apache-2.0
// Where filters are compiled and installed: the meeting of filter/ and sys/.
#pragma once

#include <cstdint>
#include <span>

#include "filter/compiler.h"
#include "memseal/error.h"
#include "memseal/seal_types.h"
#include "seal/own_mappings.h"

namespace memseal {

struct Installed {
  std::uint32_t programs;
  std::uint32_t instructions;  ///< the most that the kernel counts them as
};

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
Result<Installed> install_guard(std::span<const filter::GuardedRange> ranges,
                                const FilterContext &context, Installed before);

/// The base filter of a level that is not `none`. Errors: the same.
Result<Installed> install_base(BaseLevel level);

}  // namespace memseal
