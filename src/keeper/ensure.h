// SPDX-License-Identifier: Apache-2.0
// The keeper that a plan needs.
#pragma once

#include "keeper/filter.h"
#include "memseal/error.h"

namespace memseal::keeper {

/// Starts the keeper and puts this process under its filter, unless an outer
/// `memseal run` has done so.
///
/// Errors:  those of start_keeper; system: ESRCH a filter kills for what its
///          start takes; EALREADY a keeper is here that permits everything. No
///          filter is installed then.
/// Needs:   a single thread.
Result<void> ensure_keeper(const char *tool, const TreeRules &rules);

/// Whether start_keeper may be called: under a filter of somebody else a child
/// makes its calls first.
bool start_is_survived();

/// Why there is no keeper: of an error of these two, of start_keeper, and
/// EEXIST if one that cannot be used is here. Static storage, no full stop.
const char *why_no_keeper(const Error &error);

}  // namespace memseal::keeper
