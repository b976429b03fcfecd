// SPDX-License-Identifier: Apache-2.0
// Why something could not be done with another process.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/refusable.h"

namespace memseal::process {

enum class Cause : std::uint8_t {
  vanished,     ///< there is no such process, or it ended meanwhile
  no_memory,    ///< a thread of the kernel, or it waits for its parent
  forbidden,    ///< the kernel or a filter forbids it to us
  traced,       ///< somebody else traces it, and only one can
  unsuitable,   ///< this program never can: 32-bit, or memseal itself
  unsupported,  ///< this machine or this kernel cannot
  failed,       ///< what was tried did not work
  too_much,     ///< more memory than there is time for
};

struct Refusal {
  Cause cause;
  std::string text;  ///< no full stop, no "memseal:" in front
};

const char *name(Cause cause);
inline const char *name(const Refusal &refusal) {
  return name(refusal.cause);
}
inline const std::string &sentence(const Refusal &refusal) {
  return refusal.text;
}

inline std::unexpected<Refusal> refuse(Cause cause, std::string text) {
  return memseal::refuse(Refusal{cause, std::move(text)});
}

}  // namespace memseal::process
