// SPDX-License-Identifier: Apache-2.0
// Answers the hits of one filter: who called what, on which sealed pages, from
// where; then denies, or lets go on.
//
// Only hits come here: the filter decides by itself over all other calls. A
// thread that hits waits until it is answered, so none is lost, however many
// there are; a thread that is killed meanwhile is counted.
//
// A filter outlives execve. In the new image the ranges mean nothing, so hits
// from it are let go on: the desk compares the auxiliary vector (whose
// addresses are drawn at each exec, and inherited by fork) with the one the
// filter was made for. With address randomisation off, the same program
// executed again looks the same, and is treated so.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "supervisor/hit.h"
#include "supervisor/witness.h"

namespace memseal::supervisor {

class HitDesk {
public:
  using Tell = std::function<void(const Hit &)>;

  HitDesk(pid_t pid, std::vector<Guarded> guarded, OnViolation verdict,
          Tell tell);

  /// Until no process uses the filter any more.
  DeskCounts serve(int listener);

private:
  OnViolation verdict_;
  Tell tell_;
  std::string image_;
  Witness witness_;
};

}  // namespace memseal::supervisor
