// SPDX-License-Identifier: Apache-2.0
// mseal(2) where a part of the range may be sealed already.
//
// Background. In Linux 6.17 to 7.0-rc5 one mseal(2) over several mappings, some
// of them sealed, can go on from a stale place when two of them merge, and seal
// another range than asked for (CVE-2026-23416; fixed in 6.18.21 and 7.0-rc6).
//
// Idea. There each run of mappings that are not sealed has a call of its own:
// such a call has no sealed mapping in it.
//
// Source: Linux, mm/mseal.c, mseal_apply; commit 2697dd8ae721, "mm/mseal:
// update VMA end correctly on merge".
#pragma once

#include <string_view>

#include "memseal/page_range.h"

namespace memseal {

/// Whether a kernel that calls itself so may have that bug. `release`: as
/// uname(2) tells.
bool may_seal_another_range(std::string_view release);

/// mseal(2) over the range; run by run where this kernel may need that.
///
/// Errors: as sys::mseal. A hole is seen before anything is sealed.
Result<void> seal_what_is_not_sealed(PageRange range);

/// Always run by run. Where /proc/self/smaps cannot be read: in one call.
Result<void> seal_run_by_run(PageRange range);

}  // namespace memseal
