// SPDX-License-Identifier: Apache-2.0
// What can be said of a fault on sealed memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "memseal/page_range.h"

namespace memseal {

enum class Access : std::uint8_t { write, other, unknown };

struct Fault {
  Address at;           ///< the byte that was touched
  Address instruction;  ///< that touched it
  Access access;
};

/// One paragraph for people, or nothing if the byte is not sealed. It lies in
/// static memory, so that the stack of a small thread suffices.
///
/// Needs:   one caller at a time.
/// Context: in-signal.
std::string_view describe_fault(const Fault &fault);

}  // namespace memseal
