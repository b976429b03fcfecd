// SPDX-License-Identifier: Apache-2.0
// A seccomp filter over sealed ranges, installed by the process that it guards.
#pragma once

#include <span>

#include "filter/compiler.h"
#include "tracer/remote_calls.h"
#include "tracer/seal_plan.h"

namespace memseal::tracer {

/// Has the stopped process install a filter for all its threads. With
/// OnHit::notify returns the listener, a descriptor of this process and of no
/// other; else -1.
///
/// A process without CAP_SYS_ADMIN gets no_new_privs first, which it keeps:
/// setuid programs do not gain rights below it.
///
/// Kernel:  notify: 5.7 (threads: TSYNC_ESRCH).
/// Errors:  budget: too many ranges for one program. system: what the kernel
///          answered. Nothing is installed.
Result<int> install_remote_filter(RemoteCalls &calls, pid_t pid,
                                  std::span<const PlannedRange> ranges,
                                  filter::OnHit on_hit);

}  // namespace memseal::tracer
