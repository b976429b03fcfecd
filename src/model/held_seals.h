// SPDX-License-Identifier: Apache-2.0
// Which page holds which seals: the algebra of docs/semantics.md, section 2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "memseal/page_range.h"
#include "memseal/seal_types.h"

namespace memseal::model {

/// The pages a call touches, by first and last byte, so that the top of the
/// address space needs no representation of 2^64 (S-29).
struct Touched {
  Address first, last;
};

/// The pages that hold a byte of [begin, begin + size), size not 0. A range
/// that wraps reaches to the top.
Touched touched_by(Address begin, std::uint64_t size, std::uint64_t page);

/// Whether a change of protection is the one that downgrade-only seals allow
/// (S-50): mprotect to PROT_READ, exactly.
enum class Change : std::uint8_t { any, lowering_to_read };

/// What one page holds. `lowerable` says that MPROTECT was asked for with
/// DOWNGRADABLE only.
struct Held {
  SealTypes types;
  bool lowerable = false;
};

/// The seals of an address space, page by page.
class HeldSeals {
public:
  explicit HeldSeals(std::uint64_t page) : page_(page) {}

  /// The one question every operation asks.
  std::optional<Address> first_sealed_page_in(
      Touched pages, SealTypes type, Change change = Change::any) const;

  /// Whether any page at all holds `type`.
  bool any_page_holds(SealTypes type) const;

  /// Whether `wanted` would add something to the page (S-14).
  bool would_gain(Address page, Held wanted) const;
  /// Whether the page holds SEAL (S-07).
  bool closed(Address page) const;
  void add(Address page, Held wanted);

  const std::map<Address, Held> &pages() const { return held_; }

private:
  std::uint64_t page_;
  std::map<Address, Held> held_;
};

}  // namespace memseal::model
