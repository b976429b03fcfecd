// SPDX-License-Identifier: Apache-2.0
// What /proc tells the keeper of the processes in its tree.
//
// The keeper may not look into every one of them: not into a process of another
// user unless it has CAP_SYS_PTRACE, which containers lack, and not into one
// that is not dumpable. Two things help. A descriptor that was opened while it
// was permitted goes on working. And a keeper that may change its user ID for
// file accesses looks as the process's own user.
// Source: ptrace(2), "Ptrace access mode checking"; proc(5).
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

namespace memseal::process {

/// Opens /proc/PID/NAME. Returns -1 and errno: EACCES or EPERM if that is not
/// permitted; ENOENT where no /proc of our own PID namespace can be had.
int open_process_file(pid_t pid, const char *name, int flags = O_RDONLY);

/// The text of such a file, empty if it cannot be read.
std::string tree_text_of(pid_t pid, const char *name);

/// The process that a thread belongs to; 0 if it is gone.
pid_t process_of(pid_t thread);

/// Whether a process has called execve since it was forked.
enum class Executed : unsigned char { no, yes, unknown };
Executed has_executed(pid_t process);

}  // namespace memseal::process
