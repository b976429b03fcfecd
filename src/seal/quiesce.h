// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "memseal/error.h"

namespace memseal {

/// Whether threads must be looked at one by one for the kernel's own.
enum class KernelWorkers : std::uint8_t { none, leave_out };

/// Sees to it that whatever system call another thread of this process was in
/// has ended when this returns, or will be judged again, or changes no mapping.
/// Threads that sleep in such a call are left alone; all others are interrupted
/// once. Why: seal/barrier.h.
///
/// Errors:  unsynchronised: a thread did not answer within ten seconds. system.
/// Needs:   the RegisterLock.
Result<void> quiesce_threads(KernelWorkers workers);

}  // namespace memseal
