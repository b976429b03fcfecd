// SPDX-License-Identifier: Apache-2.0
// Processes of ours beside a program that must not notice them.
#pragma once

namespace memseal::sys {

/// fork(2), of a child that our wait(2) does not find unless __WALL asks for
/// it, also when we have become another program, and that no tracer of ours is
/// attached to. It stays so until it executes or we end.
///
/// Returns what clone(2) does. Nothing that pthread_atfork(3) registered is
/// called.
/// Source: wait(2), __WALL; Linux, kernel/exit.c, eligible_child() and
///         reparent_leader(); fs/exec.c, begin_new_exec(): both give a process
///         SIGCHLD as its exit signal again.
long fork_unseen();

/// Whether orphans become our children, which our wait(2) finds: we are the
/// first process of a PID namespace, or said so.
bool adopts_orphans();

}  // namespace memseal::sys
