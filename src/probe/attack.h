// SPDX-License-Identifier: Apache-2.0
// What `memseal probe` tries: the vectors of docs/semantics.md that one process
// can try on its own memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "memseal/seal_types.h"
#include "probe/forked_copy.h"
#include "process/process_view.h"

namespace memseal::probe {

/// Where an attack is aimed: pages of one segment, and pages of our own in the
/// same copy.
struct Aim {
  Address begin;
  std::uint64_t size;
  Protection protection;
  Address scratch;  ///< two pages, readable and writable
  std::uint64_t page;
};

/// How it is known that an attack that was allowed did something.
enum class Effect : std::uint8_t {
  seen,     ///< the mappings or the bytes are other than before
  implied,  ///< neither shows it: allowed is enough
};

// In the order in which a vector is read.
struct Attack {  // NOLINT(clang-analyzer-optin.performance.Padding)
  const char *id;
  const char *call;  ///< as C would write it
  const char *rule;  ///< of docs/semantics.md
  SealTypes type;    ///< what forbids it; empty: no seal does
  Effect effect;
  /// Tries it in a copy that may be spoilt.
  Result<CallOutcome> (*attempt)(ForkedCopy &, const Aim &);
  /// Whether mseal(2) forbids what the type forbids: S-63.
  bool native = true;
};

std::span<const Attack> attacks();

/// What is not tried, and why.
struct Untried {
  const char *vector;
  const char *why;
};
std::span<const Untried> untried();

/// Whether a seal like this one promises that the attack is held.
bool is_promised(const Attack &attack, const process::Segment &segment);

}  // namespace memseal::probe
