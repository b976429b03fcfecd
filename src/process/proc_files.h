// SPDX-License-Identifier: Apache-2.0
// What /proc tells of other processes, for programs with a C library. The core
// reads mappings with MapsReader instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memseal/page_range.h"

namespace memseal::process {

/// A file's bytes, or why they could not be read. Files of /proc have no size
/// to ask for, are handed out in pieces and can fail halfway, when the process
/// ends: then `error` is set and `bytes` holds what came before.
struct FileText {
  std::string bytes;
  int error = 0;  ///< errno
};
FileText read_file(const std::string &path);
FileText read_process_file(int pid, const char *name);

/// Where a symbolic link points; empty if it cannot be read.
std::string read_link(const std::string &path);
std::string read_process_link(int pid, const char *name);

/// The value of a `Name:\tvalue` line of /proc/PID/status; empty if missing.
std::string_view find_status_field(std::string_view status,
                                   std::string_view name);

/// When the process started, in clock ticks since boot: together with the pid
/// the identity of a process. 0 if it cannot be read.
/// Source:  proc(5), /proc/pid/stat, field 22.
std::uint64_t start_time(int pid);

/// All processes this one may see, ascending.
std::vector<int> process_ids();

/// The memory of another process, through /proc/PID/mem.
/// Kernel:  needs what ptrace(2) calls PTRACE_MODE_ATTACH_FSCREDS.
class ProcessMemory {
public:
  explicit ProcessMemory(int pid);
  ~ProcessMemory();
  ProcessMemory(const ProcessMemory &) = delete;
  ProcessMemory &operator=(const ProcessMemory &) = delete;

  /// 0, or the errno of opening.
  int error() const { return error_; }
  /// Whether all of `out` could be read.
  bool read(Address from, std::span<std::byte> out) const;

private:
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace memseal::process
