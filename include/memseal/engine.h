// SPDX-License-Identifier: Apache-2.0
// Who enforces a seal: a set, of what is asked for or of what is so.
#pragma once

#include <cstdint>

#include "memseal/error.h"

MEMSEAL_NAMESPACE_BEGIN

/// A set of engines. As a wish, the empty set leaves the choice to memseal, and
/// `native` beside another engine is dropped where the kernel has no mseal(2).
class Engine {
public:
  constexpr Engine() = default;

  // Defined as constexpr below, where the class is complete.
  static const Engine automatic;  ///< the empty set
  static const Engine native;     ///< mseal(2): Linux 6.10, all types at once
  static const Engine filter;     ///< a seccomp filter that names addresses:
                                  ///< any subset of types, this image only
  static const Engine keeper;     ///< the process that `memseal run` starts for
                                  ///< a whole tree; no engine of the library
  static const Engine strict;     ///< native and filter: closes the holes that
                                  ///< mseal(2) leaves

  /// Whether it is `automatic`, or nothing enforces.
  constexpr bool empty() const { return bits_ == 0; }
  /// Whether all of `other` are in it.
  constexpr bool has(Engine other) const {
    return (bits_ & other.bits_) == other.bits_;
  }
  /// What remains if `other` is taken out.
  constexpr Engine without(Engine other) const {
    return from_bits(bits_ & ~other.bits_);
  }
  friend constexpr Engine operator|(Engine a, Engine b) {
    return from_bits(a.bits_ | b.bits_);
  }
  friend constexpr bool operator==(Engine a, Engine b) {
    return a.bits_ == b.bits_;
  }
  friend constexpr bool operator!=(Engine a, Engine b) { return !(a == b); }

  /// As the register of seals holds it.
  constexpr std::uint32_t bits() const { return bits_; }
  /// The set with these bits; bits of no engine are dropped.
  static constexpr Engine from_bits(std::uint32_t bits) {
    return Engine(bits & 7);
  }

private:
  explicit constexpr Engine(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

inline constexpr Engine Engine::automatic{};
inline constexpr Engine Engine::native = Engine::from_bits(1);
inline constexpr Engine Engine::filter = Engine::from_bits(2);
inline constexpr Engine Engine::keeper = Engine::from_bits(4);
inline constexpr Engine Engine::strict = Engine::from_bits(3);  // of the two

MEMSEAL_NAMESPACE_END
