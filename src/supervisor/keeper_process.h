// SPDX-License-Identifier: Apache-2.0
// The life of a keeper process, from its start to its end.
#pragma once

#include <vector>

#include "supervisor/seal_keeper.h"

namespace memseal::supervisor {

/// The life of a keeper that was just forked or executed: leaves the session,
/// says on `channel` that it is ready, takes the filter's listener, and answers
/// until nobody is under it. Every descriptor but `kept` is closed. `watch` may
/// be null. Returns whether it ended that way.
bool serve_as_keeper(SealKeeper &keeper, int channel, std::vector<int> kept,
                     ViolationWatch *watch);

}  // namespace memseal::supervisor
