// SPDX-License-Identifier: Apache-2.0
// Tells of a call on sealed pages what a user wants to know: who, what, on
// which pages of which object, from where.
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

class Witness {
public:
  /// The guarded parts of a process, as they are now.
  using Survey = std::function<std::vector<Guarded>(pid_t process)>;

  explicit Witness(Survey survey) : survey_(std::move(survey)) {}

  /// A thread that waits in a call. `version` tells what is known of the
  /// process's objects: with another one than the last time the process is
  /// looked at afresh.
  Hit describe(pid_t tid, const seccomp_data &data, std::uint64_t version);

  /// ThreadFiles::image of a thread that waits in a call.
  const std::string &image_of(pid_t tid);

private:
  struct Scene {
    std::uint64_t version = 0;
    std::vector<Guarded> guarded;
    std::unique_ptr<Callers> callers;
  };

  Scene &scene_of(pid_t pid, std::uint64_t version);

  Survey survey_;
  ThreadTable threads_;
  std::map<pid_t, Scene> scenes_;
};

}  // namespace memseal::supervisor
