// SPDX-License-Identifier: Apache-2.0
// Who keeps what a keeper has sealed (docs/exec.md).
//
// Of such a seal the kernel shows two things: that the process has a filter,
// and the page that stands for its image (keeper/protocol.h). It does not show
// whom a filter asks. But a keeper tells what is sealed in the images that it
// looks after (process/kept_images.h), and that it listens to a filter can be
// seen below /proc/KEEPER/fd.
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
  std::string doubt;  ///< then: why what was sealed is not counted; or empty
  std::vector<PageRange> sealed;  ///< ascending and disjoint
};

/// The keepers that live here, looked for once, when first asked about.
class Keepers {
public:
  /// The keeper of a process that has these mappings.
  KeeperClaim of(const Mappings &mappings, int seccomp_mode);

private:
  struct Keeper {
    pid_t pid;
    KeptImages images;
  };
  void find_all();

  std::optional<std::vector<Keeper>> keepers_;
  bool some_hidden_ = false;  ///< there are some that we may not look into
};

}  // namespace memseal::process
