// SPDX-License-Identifier: Apache-2.0
// The algebra of seals over a sorted table: what a request would gain, where it
// may not, and the table after it. Pure values; nothing is enforced here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal.h"
#include "seal/register_format.h"

namespace memseal {

/// A request with its engines decided.
struct Grant {
  PageRange range;
  SealTypes types;
  Downgrade downgrade;
  Engine engine;
};

/// What has changed since `forget_changes`, noted in the entries' flags while
/// a commit is under way and never published.
inline constexpr std::uint32_t flag_filter_due = 0x80000000u;
inline constexpr std::uint32_t flag_native_due = 0x40000000u;
/// One of these, for a grant that promises content (DISCARD).
inline constexpr std::uint32_t flag_content_due = 0x20000000u;

/// Sorted entries over storage that somebody else owns.
class SealTable {
public:
  SealTable(std::span<RegisterEntry> storage, std::size_t count)
      : storage_(storage), count_(count) {}

  std::span<const RegisterEntry> entries() const {
    return storage_.first(count_);
  }

  /// A copy of the first entry that ends behind the address.
  std::optional<RegisterEntry> first_from(Address address) const;

  /// The lowest address in the range that holds SEAL and would gain something
  /// (S-07, S-14): a type, or immutability where it was downgradable.
  std::optional<Address> first_closed(PageRange range, SealTypes types,
                                      Downgrade downgrade) const;

  /// Whether any page would gain a type, or immutability.
  bool would_gain(PageRange range, SealTypes types, Downgrade downgrade) const;

  /// Takes back what a filter, or mseal(2), is said to enforce on the range,
  /// and SEAL with it. Errors: as add.
  Result<void> disclaim(PageRange range, Engine engine);

  /// Adds the grant. What a filter or mseal(2) still has to do for it is noted
  /// in the flags of the entries.
  ///
  /// Errors:  capacity: the table may be half changed; throw it away. Storage
  ///          for `entries_needed` never runs out.
  Result<void> add(const Grant &grant);

  /// Notes that mseal(2) did what entry `index` still needed from it.
  void native_done(std::size_t index);

  /// Takes back what mseal(2) was to do and did not: the entries are then what
  /// the filter alone enforces.
  void drop_native_due();

  /// Takes the notes out and merges what is then equal.
  void forget_changes();

  /// Storage that suffices for `requests` more, whatever they are: every
  /// request brings two ends, and entries lie between ends.
  static constexpr std::size_t entries_needed(std::size_t count,
                                              std::size_t requests) {
    return 2 * (count + requests) + 2;
  }

private:
  std::size_t first_ending_after(Address address) const;
  Result<void> insert(std::size_t index, const RegisterEntry &entry);
  /// Makes `at` a border between entries if it lies inside of one.
  Result<void> split(Address at);
  void merge(std::size_t first, std::size_t last);
  void remove_empty();

  std::span<RegisterEntry> storage_;
  std::size_t count_;
};

}  // namespace memseal
