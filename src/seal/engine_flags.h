// SPDX-License-Identifier: Apache-2.0
// How the C interface names an engine.
#pragma once

#include "memseal/memseal.h"
#include "memseal/seal.h"

namespace memseal {

/// The engine among the flags of a C call; others of its flags do not matter.
inline Engine engine_of(unsigned flags) {
  switch (flags & MEMSEAL_ENGINES) {
    case MEMSEAL_NATIVE:
      return Engine::native;
    case MEMSEAL_FILTER:
      return Engine::filter;
    case MEMSEAL_STRICT:
      return Engine::strict;
    default:
      return Engine::automatic;
  }
}

}  // namespace memseal
