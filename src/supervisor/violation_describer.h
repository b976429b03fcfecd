// SPDX-License-Identifier: Apache-2.0
// Finds out about a call on sealed pages what a user wants to know: who, what,
// on which pages of which object, from where.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "report/violation.h"
#include "supervisor/callers.h"
#include "supervisor/memory_call.h"
#include "supervisor/thread_files.h"

namespace memseal::supervisor {

/// The sealed ranges of a process, as they are now.
using SealedRangesOf =
    std::function<std::vector<report::SealedRange>(pid_t process)>;

class ViolationDescriber {
public:
  ViolationDescriber(ThreadTable &threads, SealedRangesOf ranges_of)
      : threads_(threads), ranges_of_(std::move(ranges_of)) {}

  /// A thread that waits in a call. `version` tells what is known of the
  /// process's objects: with another one than the last time the process is
  /// looked at afresh. What the answer points to stays until the next call of
  /// this. Whether it was denied is for the caller to fill in.
  report::Violation describe(pid_t thread, const seccomp_data &data,
                             const MemoryCall &call, std::uint64_t version);

private:
  struct Known {
    std::uint64_t version = 0;
    std::string program;
    std::vector<report::SealedRange> sealed;
    std::unique_ptr<Callers> callers;
  };

  Known &known_of(pid_t process, std::uint64_t version);

  ThreadTable &threads_;
  SealedRangesOf ranges_of_;
  std::map<pid_t, Known> known_;
};

/// Fills in what of `all` the call touches first, nothing if it is none of
/// them.
void locate(const MemoryCall &call, const std::vector<report::SealedRange> &all,
            report::Violation &violation);

}  // namespace memseal::supervisor
