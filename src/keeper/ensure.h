// SPDX-License-Identifier: Apache-2.0
// The keeper that a plan needs.
#pragma once

namespace memseal::keeper {

/// Starts the keeper and puts this process under its filter, unless an outer
/// `memseal run` has done so. Returns 0 if a keeper answers now.
///
/// Errors:  a negative errno: those of start_keeper; -ESRCH a filter kills for
///          what a start takes. No filter is installed then.
/// Needs:   a single thread.
long ensure_keeper(const char *tool);

/// Whether start_keeper may be called: under a filter of somebody else a child
/// makes its calls first.
bool start_is_survived();

/// Why there is no keeper: of an error of these two and of start_keeper. Static
/// storage, no full stop.
const char *why_no_keeper(long error);

}  // namespace memseal::keeper
