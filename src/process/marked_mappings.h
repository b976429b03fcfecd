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

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "vm/mapping.h"

namespace memseal::process {

/// Opens /proc/PID/NAME. Returns -1 and errno: EACCES or EPERM if that is not
/// permitted; ENOENT where no /proc of our own PID namespace can be had.
int open_process_file(pid_t pid, const char *name, int flags = O_RDONLY);

/// The rest of the file.
std::string read_all(int fd);

/// The text of /proc/PID/NAME, empty if it cannot be read.
std::string read_proc(pid_t pid, const char *name);

/// Whether a process has called execve since it was forked.
enum class Executed : unsigned char { no, yes, unknown };
Executed has_executed(pid_t process);

/// Calls `see` for every mapping in a text of smaps, with whether it is marked.
void for_each_mapping(std::string_view smaps, std::size_t page,
                      const std::function<void(const Mapping &, bool)> &see);

}  // namespace memseal::process
