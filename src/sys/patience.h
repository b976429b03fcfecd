// SPDX-License-Identifier: Apache-2.0
// How long to wait for what another thread should do.
#pragma once

#include <cstdint>

namespace memseal::sys {

/// A time and a number of looks, of which both must be used up.
///
/// A deadline alone is unjust on a machine that is slow or busy: it passes
/// before the other thread had a processor, or after two looks that came at a
/// bad moment.
class Patience {
public:
  Patience(std::uint64_t microseconds, unsigned looks);

  /// Called after a look that was in vain. Sleeps for half a millisecond and
  /// returns true; or returns false at once: no more looks.
  bool lasts();

private:
  std::uint64_t deadline_;
  unsigned looks_left_;
};

}  // namespace memseal::sys
