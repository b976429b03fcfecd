// SPDX-License-Identifier: Apache-2.0
// Whoever wants to hear of violations: --on-violation=report, `memseal trace`.
#pragma once

#include <functional>

#include "report/violation.h"
#include "supervisor/verdict.h"
#include "supervisor/violation_describer.h"
#include "vm/enforcement.h"

namespace memseal::supervisor {

/// What is told, and where the ranges it is about are known from.
struct WatchJob {
  OnViolation on_violation = OnViolation::report;
  std::function<void(const report::Violation &)> tell{};
  SealedRangesOf ranges_of{};
};

class ViolationWatch {
public:
  ViolationWatch(ThreadTable &threads, WatchJob job)
      : job_(std::move(job)), describer_(threads, job_.ranges_of) {}

  /// A violation of a thread that waits: tells of it, if the thread still waits
  /// then. Returns what is to be answered.
  Verdict take(pid_t thread, const seccomp_data &data, const MemoryCall &call,
               Verdict verdict, const std::function<bool()> &still_waits);

  const report::ViolationCounts &counts() const { return counts_; }

private:
  WatchJob job_;
  ViolationDescriber describer_;
  report::ViolationCounts counts_;
};

}  // namespace memseal::supervisor
