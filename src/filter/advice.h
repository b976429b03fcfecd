// SPDX-License-Identifier: Apache-2.0
// The advice that empties or hides pages.
#pragma once

#include <array>
#include <cstdint>

namespace memseal::filter {

/// S-36. Numbers, because headers older than the kernel lack the last ones.
/// Source:  Linux 6.18, include/uapi/asm-generic/mman-common.h.
inline constexpr std::array<std::uint32_t, 9> destructive_advice = {
    4,    // MADV_DONTNEED
    8,    // MADV_FREE
    9,    // MADV_REMOVE
    10,   // MADV_DONTFORK
    18,   // MADV_WIPEONFORK
    24,   // MADV_DONTNEED_LOCKED
    100,  // MADV_HWPOISON
    102,  // MADV_GUARD_INSTALL
    103,  // MADV_GUARD_REMOVE
};

}  // namespace memseal::filter
