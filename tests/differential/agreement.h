// SPDX-License-Identifier: Apache-2.0
// Runs one program on the model and on real memory, and compares.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "differential/enforcers.h"
#include "differential/program.h"

namespace memseal::differential {

/// What the programs of this process came to, so that a run can show that it
/// met denials and was not all success.
struct Tally {
  long calls = 0, succeeded = 0, denied = 0, otherwise_refused = 0;
  long seals = 0, seals_refused = 0;
};
const Tally &tally();

/// Runs in a child of its own, since seals are for ever. Empty if model and
/// machine agree on every result, errno, mapping and readable word; otherwise
/// a description of the first difference.
std::string first_difference(
    const Program &program,
    const std::function<std::unique_ptr<Enforcer>()> &enforcer);

}  // namespace memseal::differential
