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

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/callers.h"
#include "supervisor/hit.h"
#include "supervisor/thread_files.h"

namespace memseal::supervisor {

enum class Answer : std::uint8_t { denied, permitted };

struct DeskCounts {
  std::uint64_t hits = 0;
  std::uint64_t stale = 0;     ///< from an image that was executed later
  std::uint64_t vanished = 0;  ///< the thread ended before it was answered
};

class HitDesk {
public:
  using Tell = std::function<void(const Hit &)>;

  HitDesk(pid_t pid, std::vector<Guarded> guarded, Answer verdict, Tell tell);

  /// Until no process uses the filter any more.
  DeskCounts serve(int listener);

private:
  Hit describe(pid_t tid, const seccomp_data &data);
  const Guarded *find(const seccomp_data &data, std::uint64_t &address) const;
  Callers &callers_of(pid_t pid);

  std::vector<Guarded> guarded_;
  Answer verdict_;
  Tell tell_;
  std::string image_;
  ThreadTable threads_;
  std::map<pid_t, std::unique_ptr<Callers>> callers_;
};

}  // namespace memseal::supervisor
