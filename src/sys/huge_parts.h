// SPDX-License-Identifier: Apache-2.0
// Whether a range ends inside of a huge page (hugetlb).
#pragma once

#include "memseal/page_range.h"

namespace memseal::sys {

/// The kernel moves and unmaps huge pages as wholes, whatever length it is
/// told: a part of one cannot be kept. True also if that cannot be found out.
/// Changes nothing but how soon the kernel would swap a page.
///
/// Needs:   every page is mapped.
/// Kernel:  5.4 (MADV_COLD); before, /proc/self/smaps is read for each range.
/// Source:  madvise(2), MADV_COLD: EINVAL on huge pages, and on locked memory.
bool cuts_huge_page(PageRange range);

}  // namespace memseal::sys
