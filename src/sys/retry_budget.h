// SPDX-License-Identifier: Apache-2.0
// How long to wait for what another thread should do.
#pragma once

#include <cstdint>

namespace memseal::sys {

/// A time and a number of tries, of which both must be used up.
///
/// A deadline alone is not enough on a slow or busy machine: it may pass before
/// the other thread had a processor, or after two tries at a bad moment.
class RetryBudget {
public:
  RetryBudget(std::uint64_t microseconds, unsigned tries);

  /// Called after a try that failed. Sleeps for half a millisecond and returns
  /// true, or returns false at once: no more tries.
  bool allows_another();

private:
  std::uint64_t deadline_;
  unsigned tries_left_;
};

}  // namespace memseal::sys
