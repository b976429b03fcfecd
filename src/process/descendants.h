// SPDX-License-Identifier: Apache-2.0
// A process and those that descend from it.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

namespace memseal::process {

struct Descendant {
  pid_t pid;
  int depth;  ///< 0: the root itself
};

/// The root, then its children, each followed by its own, ascending. `parents`
/// tells each process's parent. Ends, whatever it tells: processes come and go
/// while it is made.
std::vector<Descendant> descendants(const std::map<pid_t, pid_t> &parents,
                                    pid_t root);

/// The same of the processes that live now. Whose parent has ended is somebody
/// else's child by now: a daemon is found as a descendant of process 1, or of
/// the reaper that its parents had.
std::vector<Descendant> living_descendants(pid_t root);

}  // namespace memseal::process
