// SPDX-License-Identifier: Apache-2.0
// Sends one halted thread on a detour (tracer/detour.h) and has it back.
#pragma once

#include <span>
#include <vector>

#include "memseal/page_range.h"
#include "tracer/detour.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

struct Unsealed {
  PageRange range;
  int sys_errno;
};

/// Whether the thread can be borrowed: it runs its own code, or waits in a call
/// that we know how to make again.
bool can_be_borrowed(const Tracee &thread, const process::RemoteMemory &memory);

/// Has the halted thread make the calls; afterwards it is halted where it was.
/// Signals that arrive meanwhile are delivered where they would have been.
///
/// Returns: the kernel's answers, values or -errno.
/// Errors:  as below; some calls may have been made.
Result<std::vector<long>> call_through(const Tracee &thread,
                                       const process::RemoteMemory &memory,
                                       Room room,
                                       std::span<const RemoteCall> calls);

/// Has the halted thread seal the ranges; afterwards it is halted where it was.
/// Signals that arrive meanwhile are delivered where they would have been.
///
/// Returns: the ranges the kernel refused to seal.
/// Errors:  system: ESRCH the process has ended; EINTR signals came faster than
///          the thread could work. Some ranges may be sealed.
Result<std::vector<Unsealed>> seal_through(const Tracee &thread,
                                           const process::RemoteMemory &memory,
                                           Room room,
                                           std::span<const PageRange> ranges);

}  // namespace memseal::tracer
