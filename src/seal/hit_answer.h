// SPDX-License-Identifier: Apache-2.0
// What the filters of this process answer to a call that a seal forbids.
#pragma once

#include <cstdint>

namespace memseal {

enum class HitAnswer : std::uint8_t {
  denied,   ///< EPERM
  killed,   ///< the process ends, as by SIGSYS
  trapped,  ///< the thread gets SIGSYS
};

/// For the filters that are made from now on. The base filter always denies:
/// what it refuses need not be about sealed pages.
///
/// Needs:   no other thread seals meanwhile.
void answer_hits_with(HitAnswer answer);

}  // namespace memseal
