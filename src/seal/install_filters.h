// SPDX-License-Identifier: Apache-2.0
// Compiles filters and installs them in this process: the meeting of filter/
// and sys/.
#pragma once

#include <span>
#include <utility>

#include "filter/programs.h"
#include "memseal/error.h"
#include "memseal/seal_types.h"
#include "seal/own_mappings.h"
#include "sys/owned_pages.h"

namespace memseal {

/// One filter for some ranges. Ranges that are too many for one program, and
/// not for two, make two.
class RangeFilter {
public:
  /// Needs:   ranges sorted and disjoint.
  /// Errors:  unsupported, budget, system. Nothing is installed.
  static Result<RangeFilter> compile(
      std::span<const filter::GuardedRange> ranges,
      const FilterContext &context);

  /// Whether the kernel has room for it: where that is not known, a forked
  /// child tries. `before` is what this process has of memseal's own, from
  /// which the room is known, if there are no filters of others.
  /// Errors:  as `install`.
  Result<void> check_room(filter::FilterCount before) const;

  /// Installs it on all threads, both programs or none.
  /// Errors:  budget, unsynchronised, system. Nothing is installed; but if
  ///          memory runs out between two programs, or a thread installs
  ///          filters of its own there, the first one stays. It forbids nothing
  ///          but mremap from the ranges to a fixed address.
  Result<filter::FilterCount> install(filter::FilterCount before) const;

private:
  RangeFilter(sys::OwnedPages storage, const filter::Programs &programs)
      : storage_(std::move(storage)), programs_(programs) {}
  sys::OwnedPages storage_;  ///< of the instructions
  filter::Programs programs_;
};

/// The base filter of a level that is not `none`. Errors: the same.
Result<filter::FilterCount> install_base_filter(BaseLevel level);

}  // namespace memseal
