// SPDX-License-Identifier: Apache-2.0
// The one loop over seccomp notifications. A thread that makes a call which its
// filter asks about waits until it is answered, so none is lost, however many
// there are.
#pragma once

#include "supervisor/verdict.h"
#include "supervisor/violation_watch.h"

namespace memseal::supervisor {

/// Answers as the judge decides until no process uses the filter any more.
/// `watch`, which may be null, hears of violations and may permit them. Returns
/// whether it ended that way. After `turn` nanoseconds of processor time (0:
/// never) a fork of this process goes on, and this one exits with 0: what
/// follows the return happens in the last one.
///
/// Kernel:  5.5.
/// Source:  seccomp_unotify(2).
bool answer_notifications(int listener, Judge &judge, ViolationWatch *watch,
                          std::uint64_t turn = 0);

}  // namespace memseal::supervisor
