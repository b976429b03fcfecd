// SPDX-License-Identifier: Apache-2.0
#include "supervisor/violation_watch.h"

#include <new>

namespace memseal::supervisor {

Verdict ViolationWatch::take(pid_t thread, const seccomp_data &data,
                             const MemoryCall &call, Verdict verdict,
                             const std::function<bool()> &still_waits) {
  if (job_.on_violation == OnViolation::permit)
    verdict.kind = Verdict::Kind::proceed;
  try {
    report::Violation violation =
        describer_.describe(thread, data, call, verdict.version);
    violation.outcome = outcome_of(verdict);
    if (violation.outcome == report::CallOutcome::denied)
      violation.sys_errno = verdict.error();
    // What was read of the thread holds only if it is still the same one.
    bool there = still_waits();
    ++(there ? counts_.violations : counts_.vanished);
    if (there)
      job_.tell(violation);
  } catch (const std::bad_alloc &) {
    ++counts_.lost;
  }
  return verdict;
}

}  // namespace memseal::supervisor
