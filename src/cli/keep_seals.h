// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "supervisor/seal_keeper.h"

namespace memseal::cli {

/// `memseal-tool keep-seals`, see keep_seals.cc.
int keep_seals(int argc, char **argv);

/// The life of a keeper that was just forked or executed: leaves the session,
/// says on `channel` that it is ready, takes the filter's listener, and answers
/// until nobody is under it. Every descriptor but `kept` is closed. Returns
/// whether it ended that way.
bool serve_as_keeper(supervisor::SealKeeper &keeper, int channel,
                     std::vector<int> kept);

}  // namespace memseal::cli
