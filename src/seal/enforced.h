// SPDX-License-Identifier: Apache-2.0
// What the kernel enforces on a page now, asked by calls that change nothing.
//
// The register says what memseal did. It is memory: whoever steers one
// mprotect(2) and one write can make it say anything, and a process made with
// CLONE_VM shares it, but not our filters. So where it would be a reason to do
// nothing, the kernel is asked.
//
// A filter judges the pages that a call touches (S-29). The kernel refuses an
// address that is not aligned before it looks at any mapping. So a call at the
// second byte of a page is EPERM if a filter forbids it there, else EINVAL,
// whatever is mapped.
#pragma once

#include "memseal/page_range.h"
#include "memseal/seal.h"
#include "memseal/seal_types.h"

namespace memseal {

/// Those of `asked` that a filter of this thread forbids on the page. SEAL,
/// which is memseal's own business, is not asked. MPROTECT with
/// Downgrade::refused means that PROT_READ is forbidden, too.
///
/// Needs:   no filter that kills, or sends a signal, for it.
/// Context: anywhere.
SealTypes filtered(Address page, SealTypes asked, Downgrade downgrade);

/// Whether a page is sealed by mseal(2), or by a filter against mremap(2):
/// asked by an mremap to the size it has.
///
/// Needs:   as above.
/// Context: anywhere.
bool refuses_mremap(Address page);

/// Whether the base filter of this level, or a higher one, judges this thread.
bool has_base_filter(BaseLevel level);

}  // namespace memseal
