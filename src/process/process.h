// SPDX-License-Identifier: Apache-2.0
// What /proc tells of a process before anybody touches it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "memseal/error.h"
#include "process/refusal.h"

namespace memseal::process {

struct Process {
  pid_t pid = 0;
  std::string name;
  std::string program;  ///< path of its executable; empty for kernel threads
  char state = '?';
  uid_t uid = 0, effective_uid = 0;
  pid_t tracer = 0;  ///< who traces it; 0: nobody
  int seccomp = 0;   ///< 0 none, 1 strict, 2 filter

  /// Errors:  system: ENOENT or ESRCH there is none.
  static Result<Process> look(pid_t pid);

  std::vector<pid_t> threads() const;
};

/// Why attaching to this process makes no sense, before it is tried. Nothing is
/// touched.
Attempt<void> may_be_attached(const Process &process);

/// Why the kernel refused to let it be traced, for a user. `sys_errno` is what
/// it answered.
std::string why_not_traced(const Process &process, int sys_errno);

/// Why a file cannot be run under a tracer: the kernel would drop what it is
/// setuid for. Empty if it can.
std::string why_not_run_traced(const std::string &path);

}  // namespace memseal::process
