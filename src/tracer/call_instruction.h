// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memseal/error.h"
#include "process/mappings.h"
#include "process/remote_memory.h"

namespace memseal::tracer {

/// A system call instruction in executable memory, for a thread that is sent
/// there. It may be any two bytes of the code: nothing but the jump leads
/// there. One in the vdso if there is any, since nobody unmaps that.
///
/// Errors:  capacity: there is none in any executable mapping that can be read.
Result<process::RemoteAddress> find_call_instruction(
    const process::Mappings &space, const process::RemoteMemory &memory);

}  // namespace memseal::tracer
