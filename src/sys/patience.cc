// SPDX-License-Identifier: Apache-2.0
#include "sys/patience.h"

#include <atomic>

#include "sys/named_memory.h"

namespace memseal::sys {

Patience::Patience(std::uint64_t microseconds, unsigned looks)
    : deadline_(now_microseconds() + microseconds), looks_left_(looks) {}

bool Patience::lasts() {
  if (looks_left_ > 0)
    --looks_left_;
  else if (now_microseconds() >= deadline_)
    return false;
  std::atomic<std::uint32_t> nothing{0};
  wait(nothing, 0, 500);
  return true;
}

}  // namespace memseal::sys
