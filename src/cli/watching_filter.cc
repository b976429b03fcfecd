// SPDX-License-Identifier: Apache-2.0
#include "cli/watching_filter.h"

#include "supervisor/notification_loop.h"
#include "supervisor/range_judge.h"

namespace memseal::cli {

report::ViolationCounts watch_filter(
    const tracer::Launched &launched, int listener, OnViolation on_violation,
    std::function<void(const report::Violation &)> tell) {
  std::vector<report::SealedRange> ranges;
  for (const tracer::PlannedRange &range : launched.sealed)
    ranges.push_back({range.range, range.object, range.segment});
  supervisor::ThreadTable threads;
  supervisor::RangeJudge judge(threads, launched.pid);
  supervisor::ViolationWatch watch(
      threads, {.on_violation = on_violation,
                .tell = std::move(tell),
                .ranges_of = [&](pid_t) { return ranges; }});
  supervisor::answer_notifications(listener, judge, &watch);
  report::ViolationCounts counts = watch.counts();
  counts.stale = judge.stale();
  return counts;
}

}  // namespace memseal::cli
