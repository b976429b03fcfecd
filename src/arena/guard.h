// SPDX-License-Identifier: Apache-2.0
// The one filter that guards the arena window.
#pragma once

#include "memseal/error.h"

namespace memseal {

/// Puts the arena filter over the whole window, once in a process; a filter
/// that a parent or an earlier exec left there is found and used.
///
/// Errors:  unsupported, budget, unsynchronised, system. The window is not
///          guarded then, and no arena of the filter engine may be made.
Result<void> guard_window();

}  // namespace memseal
