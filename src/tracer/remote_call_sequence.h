// SPDX-License-Identifier: Apache-2.0
// Has one halted thread make system calls, through a call stub
// (tracer/call_stub.h).
#pragma once

#include <span>
#include <vector>

#include "memseal/page_range.h"
#include "tracer/call_stub.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

struct Unsealed {
  PageRange range;
  int sys_errno;
};

/// Whether the thread can be borrowed: it runs its own code, or waits in a call
/// that can be restarted.
bool can_be_borrowed(const Tracee &thread, const process::RemoteMemory &memory);

/// Has the halted thread make the calls; afterwards it is halted where it was.
/// Signals that arrive meanwhile are delivered where they would have been.
///
/// Returns: the kernel's answers, values or -errno.
/// Errors:  as below; some calls may have been made.
Result<std::vector<long>> call_through(const Tracee &thread,
                                       const process::RemoteMemory &memory,
                                       CodePadding padding,
                                       std::span<const RemoteCall> calls);

/// Has the halted thread seal the ranges; afterwards it is halted where it was.
/// Signals that arrive meanwhile are delivered where they would have been.
///
/// Returns: the ranges the kernel refused to seal.
/// Errors:  system: ESRCH the process has ended; EINTR signals came faster than
///          the thread could work. Some ranges may be sealed.
Result<std::vector<Unsealed>> seal_through(const Tracee &thread,
                                           const process::RemoteMemory &memory,
                                           CodePadding padding,
                                           std::span<const PageRange> ranges);

}  // namespace memseal::tracer
