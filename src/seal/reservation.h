// SPDX-License-Identifier: Apache-2.0
// Guarding addresses before anything is mapped there.
#pragma once

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal {

/// Lets whatever will be mapped in `range` only ever be lowered to PROT_READ,
/// and never be unmapped, replaced, moved or emptied. New mappings may come
/// where there are none (MAP_FIXED_NOREPLACE).
///
/// Since no raising call was ever permitted there, lowering a page is a seal
/// that is in force at once, without a barrier or another filter.
///
/// Errors:  unsupported, budget, unsynchronised, system. Nothing is guarded.
Result<void> guard_reservation(PageRange range);

}  // namespace memseal
