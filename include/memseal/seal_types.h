// SPDX-License-Identifier: Apache-2.0
// The vocabulary of seals: which acts a seal forbids. Values, no rules: the
// rules stand once in filter/ and once, independently, in model/.
#pragma once

#include <cstdint>

#include "memseal/error.h"

MEMSEAL_NAMESPACE_BEGIN

/// A set of seal types. The first five have the values of RFC v1 of mseal(),
/// LKML, 16 October 2023.
struct SealTypes {
  std::uint32_t bits = 0;

  constexpr bool has(SealTypes other) const {
    return (bits & other.bits) == other.bits;
  }
  constexpr bool any_of(SealTypes other) const {
    return (bits & other.bits) != 0;
  }
  constexpr bool empty() const { return bits == 0; }
  friend constexpr SealTypes operator|(SealTypes a, SealTypes b) {
    return {a.bits | b.bits};
  }
  friend constexpr SealTypes operator&(SealTypes a, SealTypes b) {
    return {a.bits & b.bits};
  }
  friend constexpr bool operator==(SealTypes a, SealTypes b) {
    return a.bits == b.bits;
  }
  friend constexpr bool operator!=(SealTypes a, SealTypes b) {
    return !(a == b);
  }
};

namespace seal_type {
inline constexpr SealTypes seal{0x1};      ///< no further types
inline constexpr SealTypes mprotect{0x2};  ///< mprotect, pkey_mprotect
inline constexpr SealTypes munmap{0x4};    ///< munmap
inline constexpr SealTypes mmap{0x8};      ///< mmap landing on the range
inline constexpr SealTypes mremap{0x10};   ///< mremap from or onto the range
inline constexpr SealTypes discard{0x20};  ///< destructive advice
inline constexpr SealTypes all{0x3f};
/// Cannot be unmapped, shrunk, moved or replaced.
inline constexpr SealTypes mapping = munmap | mmap | mremap;
/// Cannot be reprotected.
inline constexpr SealTypes protection = mprotect;
}  // namespace seal_type

/// Whether a seal still lets access be lowered (RW to RO, RX to RO).
enum class Downgrade : std::uint8_t { refused, allowed };

/// How many of the vectors around a range the base filter closes: S-49 of
/// docs/semantics.md.
enum class BaseLevel : std::uint8_t { none, compatible, closed };

MEMSEAL_NAMESPACE_END
