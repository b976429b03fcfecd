// SPDX-License-Identifier: Apache-2.0
// The advice of madvise(2) that matters to a seal. These are the only lists of
// it; but the reference model has its own.
#pragma once

#include <array>
#include <cstdint>

namespace memseal {

/// A value of madvise(2). A number, because headers older than the kernel lack
/// the last ones.
struct Advice {
  std::uint32_t number;
  const char *name;
};

/// Source:  Linux 6.18, include/uapi/asm-generic/mman-common.h.
namespace advice {
inline constexpr Advice normal{0, "MADV_NORMAL"};
inline constexpr Advice dontneed{4, "MADV_DONTNEED"};
inline constexpr Advice free{8, "MADV_FREE"};
inline constexpr Advice remove{9, "MADV_REMOVE"};
inline constexpr Advice dontfork{10, "MADV_DONTFORK"};
inline constexpr Advice dodump{17, "MADV_DODUMP"};
inline constexpr Advice wipeonfork{18, "MADV_WIPEONFORK"};
inline constexpr Advice dontneed_locked{24, "MADV_DONTNEED_LOCKED"};
inline constexpr Advice hwpoison{100, "MADV_HWPOISON"};
inline constexpr Advice guard_install{102, "MADV_GUARD_INSTALL"};
inline constexpr Advice guard_remove{103, "MADV_GUARD_REMOVE"};
}  // namespace advice

/// What a seal of the type DISCARD forbids (S-36): it empties pages, hides them
/// or takes their guards away.
inline constexpr std::array destructive_advice = {
    advice::dontneed, advice::free,          advice::remove,
    advice::dontfork, advice::wipeonfork,    advice::dontneed_locked,
    advice::hwpoison, advice::guard_install, advice::guard_remove,
};

}  // namespace memseal
