// SPDX-License-Identifier: Apache-2.0
// Sealing memory from C++.
#pragma once

#include <span>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal_types.h"

namespace memseal {

/// What enforces a seal.
enum class Engine : std::uint8_t {
  automatic,  ///< native for all types where mseal(2) is there, else filter
  native,     ///< mseal(2): all types at once
  filter,     ///< a seccomp filter: any subset of types
  strict,     ///< both, where mseal(2) is there: closes the holes it leaves
};

/// Whether a seal still lets access be lowered (RW to RO, RX to RO).
enum class Downgrade : std::uint8_t { refused, allowed };

/// One range and what is to be forbidden on it.
struct SealRequest {
  PageRange range;
  SealTypes types = seal_type::all;
  Downgrade downgrade = Downgrade::refused;
};

/// Seals all the ranges, or none of them.
///
/// Errors:  hole, closed, unsupported, budget, unsynchronised, system. Nothing
///          is sealed on error.
/// Does not stop: writes through /proc/self/mem, by ptrace, or to the backing
///          file: docs/threat-model.md.
/// Context: anywhere: before main, in signal handlers, with a full heap.
Result<void> seal(std::span<const SealRequest> requests,
                  Engine engine = Engine::automatic);

}  // namespace memseal
