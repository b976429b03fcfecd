// SPDX-License-Identifier: Apache-2.0
#include "sys/retry_budget.h"

#include <atomic>

#include "sys/named_memory.h"

namespace memseal::sys {

RetryBudget::RetryBudget(std::uint64_t microseconds, unsigned tries)
    : deadline_(now_microseconds() + microseconds), tries_left_(tries) {}

bool RetryBudget::allows_another() {
  if (tries_left_ > 0)
    --tries_left_;
  else if (now_microseconds() >= deadline_)
    return false;
  std::atomic<std::uint32_t> nothing{0};
  wait(nothing, 0, 500);
  return true;
}

}  // namespace memseal::sys
