// SPDX-License-Identifier: Apache-2.0
// What /proc tells of a process before anybody touches it.
#pragma once

#include <sys/types.h>

#include <string>

#include "memseal/error.h"
#include "process/status.h"

namespace memseal::process {

struct Process : Status {
  pid_t pid = 0;
  std::string program;  ///< path of its executable; empty for kernel threads

  /// Errors:  system: ENOENT or ESRCH there is none.
  static Result<Process> look(pid_t pid);
};

}  // namespace memseal::process
