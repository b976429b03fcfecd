// SPDX-License-Identifier: Apache-2.0
// What the inline functions of memseal/seal.h call; not for programs. They are
// C functions, so that no C++ library is shared with the one that calls, and
// tell the Errc, which an errno could not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memseal/memseal.h"

extern "C" {

/// `requests`: an array of memseal::SealRequest; `engine`: Engine::bits().
/// Returns 0, or the Errc plus 1 in the low 16 bits and the kernel's errno in
/// the high 32.
MEMSEAL_API std::uint64_t memseal_cxx_seal(const void *requests,
                                           std::size_t count,
                                           std::uint32_t engine);

/// `level`: a BaseLevel. Returns as memseal_cxx_seal.
MEMSEAL_API std::uint64_t memseal_cxx_harden(std::uint32_t level);
}
