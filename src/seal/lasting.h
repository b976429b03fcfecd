// SPDX-License-Identifier: Apache-2.0
// Whether what is on a page will stay there (S-81).
//
// DISCARD forbids the advice that empties or hides pages. Some of it works
// later than it is given: what MADV_FREE marked is emptied when memory is short
// or by MADV_PAGEOUT, what MADV_DONTFORK or MADV_WIPEONFORK was said of is
// missing or empty in the next child. And memory of MAP_DROPPABLE may be
// emptied at any time. A seal that comes after would promise too much.
//
// A mark of MADV_FREE goes when the page is written to: that is done here, by a
// write that changes nothing. All else is refused: a program that keeps a page
// from its children has a reason.
#pragma once

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "sys/owned_pages.h"

namespace memseal {

/// Pages whose content is going to be sealed.
struct ToLast {
  PageRange range;
  /// Whether mseal(2) alone is going to seal it, which forbids such advice only
  /// on private anonymous memory that the program cannot write to (S-63).
  bool natively;
};

/// Needs:   ranges sorted and disjoint.
/// Errors:  unsupported: something is known already to end what is there.
///          system: /proc/self/smaps cannot be read, which does not matter
///          where all is sealed natively.
Result<void> make_lasting(std::span<const ToLast> ranges);

/// Takes the mark of MADV_FREE off the pages.
/// Needs:   private anonymous memory.
/// Errors:  unsupported: the kernel lets nobody write there.
Result<void> take_back_lazy_frees(PageRange range);

}  // namespace memseal
