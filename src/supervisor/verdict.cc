// SPDX-License-Identifier: Apache-2.0
#include "supervisor/verdict.h"

#include <linux/seccomp.h>

#include <cerrno>
#include <new>

namespace memseal::supervisor {

void encode(const Verdict &verdict, seccomp_notif_resp &response) {
  response.val = 0;
  response.error = 0;
  response.flags = 0;
  if (verdict.kind == Verdict::Kind::proceed)
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  else if (verdict.error() != 0)
    response.error = -verdict.error();
  else
    response.val = verdict.value;
}

Verdict decide(Judge &judge, pid_t thread, const seccomp_data &data,
               std::size_t page, MemoryCall &call) {
  try {
    call = decode(data, page);
    return judge.judge(thread, data, call);
  } catch (const std::bad_alloc &) {
    // brk(2) fails by answering with less than it was asked for.
    return {.kind = Verdict::Kind::answer,
            .value = moves_break(data) ? 0 : -ENOMEM};
  }
}

report::CallOutcome outcome_of(const Verdict &verdict) {
  if (verdict.kind == Verdict::Kind::proceed)
    return report::CallOutcome::permitted;
  return verdict.error() != 0 ? report::CallOutcome::denied
                              : report::CallOutcome::no_effect;
}

}  // namespace memseal::supervisor
