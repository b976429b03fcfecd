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
  std::uint32_t programs, instructions;
};

/// Compiles one filter for all the ranges and installs it on all threads.
/// Ranges that are too many for one program, and not for two, make two: then a
/// forked child tries first whether the kernel takes both, so that it is both
/// or none.
///
/// Needs:   ranges sorted and disjoint.
/// Errors:  unsupported, budget, unsynchronised, system. Nothing is installed.
Result<Installed> install_guard(std::span<const filter::GuardedRange> ranges,
                                const Surroundings &around);

/// The base filter of a level that is not `none`. Errors: the same.
Result<Installed> install_base(BaseLevel level);

}  // namespace memseal
