// SPDX-License-Identifier: Apache-2.0
// Seals through a keeper that is there (docs/exec.md): two pieces of advice are
// the mark, which the keeper enforces.
#pragma once

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::keeper {

/// Whether this process is under a keeper's filter, and the keeper lives.
///
/// Needs:   no filter that kills for number 462.
/// Context: before-main.
bool keeper_answers();

/// Marks the range.
///
/// Errors:  hole: something in it is not mapped. system: EAGAIN the process has
///          no mappings left (vm.max_map_count); ENOSYS the keeper is gone.
///          Nothing is sealed then, but the pages may be left out of core
///          dumps.
/// Context: before-main.
Result<void> seal_by_keeper(PageRange range);

}  // namespace memseal::keeper
