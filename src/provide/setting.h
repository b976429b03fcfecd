// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <elf.h>

#include <cstdlib>

#include "sys/auxiliary_vector.h"

namespace memseal::provide {

/// A variable of the environment; null if it is not set, or if the program has
/// gained privileges by execve(2): its environment is then somebody else's, who
/// would choose what is executed with them.
inline const char *setting(const char *name) {
  return sys::auxiliary_value(AT_SECURE) == 0 ? std::getenv(name) : nullptr;
}

}  // namespace memseal::provide
