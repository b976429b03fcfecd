// SPDX-License-Identifier: Apache-2.0
// Broken invariants stop the program, in every build.
//
// An assert documents what must be true whatever a user or the kernel does.
// What they can make false is a refusal: return an Error instead.
#pragma once

namespace memseal {

/// Writes one sentence to standard error and stops the process. Defined in
/// sys/, the only folder that may enter the kernel.
[[noreturn]] void assertion_failed(const char *condition, const char *file,
                                   int line);

}  // namespace memseal

#define MEMSEAL_ASSERT(condition)                                  \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::memseal::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
