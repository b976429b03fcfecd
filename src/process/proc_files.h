// SPDX-License-Identifier: Apache-2.0
// Reads the files of /proc about other processes, for programs with a C
// library. The core reads small ones into a buffer (sys/proc_text.h), and
// mappings one by one (sys/maps_reader.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "memseal/error.h"

namespace memseal::process {

/// All that the file holds. Files of /proc have no size to ask for and are
/// handed out in pieces.
///
/// Errors:  system, as open(2) and read(2): ENOENT or ESRCH there is no such
///          process (any more), EACCES or EPERM it is not ours to read.
Result<std::string> read_file(const std::string &path);
Result<std::string> read_process_file(pid_t pid, const char *name);

/// The rest of an open file.
Result<std::string> read_all(int fd);

/// A process's file; empty if it cannot be read.
std::string text_of(pid_t pid, const char *name);

/// Where a symbolic link points; empty if it cannot be read.
std::string read_link(const std::string &path);
std::string read_process_link(pid_t pid, const char *name);

/// All processes that are seen here, and the threads and the descriptors of
/// one; ascending. None if they may not be seen.
std::vector<int> process_ids();
std::vector<pid_t> thread_ids(pid_t pid);
std::vector<int> descriptors_of(pid_t pid);

/// When the process started, in clock ticks since boot: together with the pid
/// the identity of a process. 0 if it cannot be read.
/// Source:  proc(5), /proc/pid/stat, field 22.
std::uint64_t start_time(pid_t pid);

}  // namespace memseal::process
