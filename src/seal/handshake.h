// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memseal/error.h"

namespace memseal {

/// Makes every other thread of this process run a handler once. Why:
/// seal/barrier.h.
///
/// Errors:  unsynchronised: a thread did not answer within ten seconds. system.
/// Needs:   the RegisterLock.
Result<void> shake_hands_with_every_thread();

}  // namespace memseal
