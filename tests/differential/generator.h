// SPDX-License-Identifier: Apache-2.0
// RapidCheck's part: programs at random, and smaller ones when one fails.
#pragma once

#include <rapidcheck/Gen.h>

#include "differential/program.h"

namespace memseal::differential {

rc::Gen<Program> programs(Flavour flavour);

}  // namespace memseal::differential
