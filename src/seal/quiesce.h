// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "memseal/error.h"

namespace memseal {

/// Whether threads must be looked at one by one for those of io_uring.
enum class RingWorkers : std::uint8_t { none, leave_out };

/// Interrupts every other thread of this process once: whatever system call it
/// was in has ended when this returns, or will be judged again. Why:
/// seal/barrier.h.
///
/// Errors:  unsynchronised: a thread did not answer within ten seconds. system.
/// Needs:   the RegisterLock.
Result<void> quiesce_threads(RingWorkers workers);

}  // namespace memseal
