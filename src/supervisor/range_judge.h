// SPDX-License-Identifier: Apache-2.0
// Judges the calls that a filter with addresses asks about: it asks about
// violations only, and decides over all other calls by itself.
//
// A filter outlives execve. In the new image its addresses mean nothing, so
// what that does goes on: compared is the auxiliary vector, whose addresses are
// drawn at each exec, and inherited by fork. With address randomisation off,
// the same program executed again looks the same, and is treated so.
#pragma once

#include <string>

#include "supervisor/thread_files.h"
#include "supervisor/verdict.h"

namespace memseal::supervisor {

class RangeJudge : public Judge {
public:
  /// For the image that the process executes now.
  RangeJudge(ThreadTable &threads, pid_t process);

  Verdict judge(pid_t thread, const seccomp_data &data,
                MemoryCall &call) override;

  /// How many calls came from another image.
  std::uint64_t stale() const { return stale_; }

private:
  ThreadTable &threads_;
  std::string image_;
  std::uint64_t stale_ = 0;
};

}  // namespace memseal::supervisor
