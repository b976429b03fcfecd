// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "memseal/error.h"

namespace memseal {

/// Whether threads must be looked at one by one for those of io_uring.
enum class RingWorkers : std::uint8_t { none, leave_out };

/// Makes every other thread of this process run a handler once. Why:
/// seal/barrier.h.
///
/// Errors:  unsynchronised: a thread did not answer within ten seconds. system.
/// Needs:   the RegisterLock.
Result<void> shake_hands_with_every_thread(RingWorkers workers);

}  // namespace memseal
