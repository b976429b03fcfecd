// SPDX-License-Identifier: Apache-2.0
// Whether somebody enforces the marks that a keeper's seals are (docs/exec.md).
//
// Of such a seal the kernel shows two things: the marks (VmFlags dd rr), which
// any program may set on its own memory, and that the process has a filter. It
// does not show whom a filter asks. But a keeper keeps a descriptor of the
// memory of each process that seals through it, and the listener of its filter;
// both can be seen below /proc/KEEPER/fd. A process that was forked later has
// its parent's filter.
//
// So what is found is stronger than the process's own word and weaker than the
// kernel's: a claim, that `memseal probe` can try.
#pragma once

#include <string>

namespace memseal::process {

struct KeeperClaim {
  int keeper = 0;     ///< pid; 0: none was found
  std::string doubt;  ///< then: why the marks are not counted
};

/// The keeper of a process that has marks.
KeeperClaim find_keeper(int pid, int seccomp_mode);

}  // namespace memseal::process
