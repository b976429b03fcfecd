// SPDX-License-Identifier: Apache-2.0
// A thread that does one thing and is gone.
#pragma once

#include "memseal/error.h"

namespace memseal::sys {

/// Runs `body(argument)` in a thread of its own; returns when that has ended.
/// What a thread sets for itself alone ends with it.
///
/// The thread shares the caller's thread pointer: `body` must not use libc,
/// errno, or anything else that is thread-local. It has 32 KiB of stack.
/// Errors:  system: ENOMEM; EAGAIN, no more threads are allowed; what a filter
///          answers to clone(2). `body` was not run.
/// Source:  clone(2), CLONE_VFORK: the caller sleeps until the thread has let
/// go
///          of its stack.
/// Context: anywhere.
Result<void> run_in_brief_thread(void (*body)(void *), void *argument);

}  // namespace memseal::sys
