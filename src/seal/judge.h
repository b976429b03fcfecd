// SPDX-License-Identifier: Apache-2.0
// Steps 1 and 2 of a commit for one request.
#pragma once

#include <optional>

#include "memseal/error.h"
#include "memseal/seal.h"
#include "seal/own_mappings.h"
#include "seal/seal_table.h"
#include "vm/protection.h"

namespace memseal {

/// Checks the request in the order of S-06 … S-08 and adds it to the table.
///
/// `hole`: the lowest address of the range that was not mapped when the call
/// began. It is not asked here, for memseal's own mappings may have filled it.
/// `will_be`: the protection that the pages are about to get, if so.
/// `protections` is read by the first request that needs it. What the table
/// says of the range is taken out of it where the kernel knows nothing of it.
/// Errors:  hole, closed, unsupported, system; the table is then as it was.
Result<void> judge(const SealRequest &request, Engine engine,
                   std::optional<Address> hole,
                   std::optional<Protection> will_be, LowerableMap &protections,
                   const RegisterHeader &header, SealTable &table);

}  // namespace memseal
