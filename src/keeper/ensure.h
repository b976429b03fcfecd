// SPDX-License-Identifier: Apache-2.0
// The keeper that a plan needs.
#pragma once

namespace memseal::keeper {

/// Starts the keeper and puts this process under its filter, unless an outer
/// `memseal run` has done so. Returns whether a keeper answers now.
///
/// Needs:   a single thread.
bool ensure_keeper(const char *tool);

}  // namespace memseal::keeper
