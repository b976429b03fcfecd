// SPDX-License-Identifier: Apache-2.0
// The keeper (supervisor/seal_keeper.h), started from inside a program.
#pragma once

#include "memseal/error.h"

namespace memseal::provide {

/// Whether the kernel could serve mseal(2), and there is a keeper to start.
bool keeper_possible();

/// Starts it: see keeper::start_keeper.
/// Errors:  system; nothing is changed then, but no_new_privs.
/// Needs:   one call at a time.
/// Context: any thread, not a signal handler.
Result<void> start_keeper();

}  // namespace memseal::provide
