// SPDX-License-Identifier: Apache-2.0
// What happens to a call that a seal forbids, where filters of this process
// enforce it.
#pragma once

#include <cstdint>

namespace memseal {

enum class OnViolation : std::uint8_t {
  deny,  ///< EPERM
  kill,  ///< the process ends, as by SIGSYS
  trap,  ///< the thread gets SIGSYS
};

/// For the filters that are made from now on. The base filter always denies:
/// what it refuses need not be about sealed pages.
///
/// Needs:   no other thread seals meanwhile.
void set_on_violation(OnViolation reaction);

}  // namespace memseal
