// SPDX-License-Identifier: Apache-2.0
// Brings the keeper (supervisor/seal_keeper.h) to life, and puts this
// process and all its descendants under the one filter that asks it.
#pragma once

#include "keeper/filter.h"
#include "memseal/error.h"

namespace memseal::keeper {

/// Whether this kernel could do it: user notification for all threads at once,
/// Linux 5.7. Context: anywhere.
bool keeper_possible();

/// Starts the program `tool` as `memseal-tool keep-seals`, with the socket
/// `channel`. Our wait(2) must not find it, neither now nor when we have become
/// another program, nor may a debugger follow it. Gives the child of ours
/// that has to be reaped if the keeper does not come about, 0 if there is none.
using LaunchKeeper = Result<long> (*)(const char *tool, int channel);

/// Under a parent of its own (see start.cc). Needs: little memory in use, for
/// that parent is a copy of it.
Result<long> launch_keeper_by_fork(const char *tool, int channel);

/// In the child: the keeper takes our place. Does not return.
[[noreturn]] void execute_keeper(const char *tool, int channel);

/// Starts a keeper and puts every thread under its filter. Sets no_new_privs if
/// the kernel refuses without. Ends the process if the keeper is lost between
/// the two: there is no way back.
///
/// Errors:  system: ENOSYS the kernel cannot; ECHILD the tool cannot be
///          started; EBUSY another user of notifications is there; EPERM and
///          others: of seccomp(2). No filter is installed.
/// Needs:   one call at a time.
/// Context: any thread, not a signal handler; no C library.
Result<void> start_keeper(const char *tool, LaunchKeeper launch,
                          const TreeRules &rules);

}  // namespace memseal::keeper
