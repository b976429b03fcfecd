// SPDX-License-Identifier: Apache-2.0
#include "supervisor/range_judge.h"

#include <cerrno>

namespace memseal::supervisor {

RangeJudge::RangeJudge(ThreadTable &threads, pid_t process)
    : threads_(threads) {
  ThreadPosition position;
  image_ = threads_.of(process, position).image();
}

Verdict RangeJudge::judge(pid_t thread, const seccomp_data &,
                          MemoryCall &call) {
  ThreadPosition position;
  if (threads_.of(thread, position).image() != image_) {
    ++stale_;
    return {};
  }
  // As the filter itself would answer (S-35): libc takes 0 for "no memory", and
  // -EPERM for the new end of the heap.
  const bool moves_break = call.effect == Effect::lower_break;
  return {.kind = Verdict::Kind::answer,
          .value = moves_break ? 0 : -EPERM,
          .violation = true};
}

}  // namespace memseal::supervisor
