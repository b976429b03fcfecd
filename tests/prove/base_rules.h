// SPDX-License-Identifier: Apache-2.0
// What the base filter answers (S-49), for a solver. Written from the table in
// docs/semantics.md, not from the compiler.
#pragma once

#include "rules.h"

namespace memseal::prove {

/// The answer to a call by this way: exactly what is to come out.
z3::expr base_answer(BaseLevel level, const Way &way, const SymbolicCall &call);

}  // namespace memseal::prove
