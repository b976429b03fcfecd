// SPDX-License-Identifier: Apache-2.0
// Whether somebody enforces the marks that a keeper's seals are (docs/exec.md).
//
// Of such a seal the kernel shows two things: the marks (VmFlags dd rr), which
// any program may set on its own memory, and that the process has a filter. It
// does not show whom a filter asks. But a keeper tells which images it looks
// after (process/kept_images.h), and that it listens to a filter can be seen
// below /proc/KEEPER/fd.
//
// So what is found is stronger than the process says and weaker than the
// kernel's: a claim, that `memseal probe` can try.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "process/kept_images.h"

namespace memseal::process {

struct KeeperClaim {
  pid_t keeper = 0;   ///< 0: none was found
  std::string doubt;  ///< then: why the marks are not counted
};

/// The keepers that live here, looked for once, when first asked about.
class Keepers {
public:
  /// The keeper of a process that has marks.
  KeeperClaim of(pid_t pid, int seccomp_mode);

private:
  struct Keeper {
    pid_t pid;
    std::vector<ImageIdentity> images;
  };
  void find_all();

  std::optional<std::vector<Keeper>> keepers_;
  bool some_hidden_ = false;  ///< there are some that we may not look into
};

}  // namespace memseal::process
