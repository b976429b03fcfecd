// SPDX-License-Identifier: Apache-2.0
// Whether a process may be traced, and why not.
#pragma once

#include <string>

#include "process/process.h"
#include "process/refusal.h"

namespace memseal::tracer {

/// Why attaching to this process makes no sense, before it is tried. Nothing is
/// touched.
Refusable<void, process::Refusal> may_be_attached(
    const process::Process &process);

/// Why the kernel refused to let it be traced, for a user. `sys_errno` is what
/// it answered.
std::string why_not_traced(const process::Process &process, int sys_errno);

}  // namespace memseal::tracer
