// SPDX-License-Identifier: Apache-2.0
// What the launcher asked for, as it arrives in the environment.
#pragma once

#include <string_view>

#include "options/run_options.h"

namespace memseal::loader {

/// Says a sentence on standard error. A full pipe is not waited for.
void tell(std::string_view sentence);

/// Ends the process with 125 and a sentence.
[[noreturn]] void give_up(std::string_view what, std::string_view why);

/// What MEMSEAL_OPTIONS says. A malformed text is told, and nothing is sealed;
/// if it may hide `require`, this gives up. A setuid program is told nothing.
RunOptions read_options(char **environment);

}  // namespace memseal::loader
