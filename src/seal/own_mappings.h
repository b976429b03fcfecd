// SPDX-License-Identifier: Apache-2.0
// What a commit must know about the mappings of its own process.
#pragma once

#include <optional>

#include "filter/compiler.h"
#include "memseal/error.h"
#include "memseal/page_range.h"
#include "seal/register_format.h"
#include "sys/owned_pages.h"
#include "vm/protection.h"

namespace memseal {

/// Pages of one protection.
struct ProtectedRange {
  PageRange range;
  Protection protection;
};

/// The protections inside the range, in order.
/// Errors:  hole; system: /proc/self/maps cannot be read, ENOMEM.
Result<void> read_protections(PageRange range,
                              sys::OwnedList<ProtectedRange> &into);

/// Whether PROT_READ is lower than or equal to it: R, RW or RX (S-51).
/// Errors:  unsupported: it is not.
Result<void> check_lowerable(Protection protection);

/// The protections of a process at one moment, read once: a batch of many
/// ranges would else read the list of mappings again for each.
class LowerableMap {
public:
  /// Errors:  system: /proc/self/maps cannot be read, ENOMEM.
  Result<void> read();
  bool has_been_read() const { return read_; }

  /// Whether check_lowerable holds for every page.
  /// Errors:  unsupported: it does not. hole.
  Result<void> check(PageRange range) const;

private:
  sys::OwnedList<ProtectedRange> mappings_;  ///< in order
  bool read_ = false;
};

/// Whether PROT_READ does not mean PROT_EXEC as well, in any thread: each has a
/// personality of its own (S-51).
/// Errors:  unsupported: it does in one, or not all could be asked.
Result<void> check_reading_is_not_executing();

/// Whether the kernel ignores bits of addresses (LAM) that a filter would judge
/// (S-41).
bool tags_are_ignored();

/// Whether the edge of a range lies inside of a huge page, which mseal(2) seals
/// as a whole or not at all. Says no where a seal that is there already keeps
/// it from being asked. `before` is what is sealed already.
bool is_inside_huge_page(Address edge, const RegisterHeader &before);

/// What a filter on some ranges has to know beside them.
struct FilterContext {
  /// Where System V segments are attached that have a MUNMAP-sealed page: the
  /// argument that shmdt(2) would get, which may lie below the range.
  sys::OwnedList<Address> attachments;
  /// The pages of the breaks that brk(2) must not be given: from the lowest
  /// that the kernel takes to the end of the highest such page of the heap.
  std::optional<PageRange> breaks;
  /// Whether a file that is mapped may be one of huge pages: always, at the
  /// level closed.
  filter::HugeFiles huge_files = filter::HugeFiles::possible;
  /// Whether an io_uring is mapped: it may empty pages without any call.
  bool has_ring = false;
  /// Whether a range begins or ends inside of a huge page (hugetlb). Calls on
  /// such memory act on whole huge pages, beyond the length they are given: a
  /// filter cannot guard a part of one.
  bool cuts_huge_page = false;
};

/// `before` is what is sealed already.
///
/// Needs:   ranges sorted and disjoint.
/// Errors:  system: /proc/self/maps cannot be read, ENOMEM.
Result<void> read_filter_context(std::span<const filter::GuardedRange> guarded,
                                 const RegisterHeader &before,
                                 FilterContext &into);

}  // namespace memseal
