// SPDX-License-Identifier: Apache-2.0
#include "process/process.h"

#include "process/proc_files.h"

namespace memseal::process {

Result<Process> Process::look(pid_t pid) {
  std::string text = MEMSEAL_TRY(read_process_file(pid, "status"));
  return Process{parse_status(text), pid, read_process_link(pid, "exe")};
}

}  // namespace memseal::process
