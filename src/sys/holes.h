// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "memseal/page_range.h"

namespace memseal::sys {

/// Whether every page of the range belongs to a mapping, asked with one call
/// and without /proc: msync(MS_ASYNC) does nothing since Linux 2.6.19 but walks
/// the mappings, and answers ENOMEM for a hole.
///
/// Errors:  hole; system: something else refused msync.
/// Source:  msync(2), "ENOMEM The indicated memory (or part of it) was not
///          mapped"; Linux, mm/msync.c.
/// Context: anywhere.
Result<void> check_mapped(PageRange range);

/// The lowest address in the range that is not mapped, if there is one.
/// Errors:  system. Context: anywhere.
Result<std::optional<Address>> first_hole(PageRange range);

}  // namespace memseal::sys
