// SPDX-License-Identifier: Apache-2.0
// What the filters of this process answer to a violation.
#pragma once

#include "vm/enforcement.h"

namespace memseal {

/// For the filters that are made from now on. The base filter always denies:
/// what it refuses need not be about sealed pages.
///
/// Needs:   deny, kill or trap; no other thread seals meanwhile.
void set_on_violation(OnViolation on_violation);

/// Whether that is more than an error.
bool violations_are_deadly();

}  // namespace memseal
