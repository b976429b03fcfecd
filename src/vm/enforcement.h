// SPDX-License-Identifier: Apache-2.0
// Who enforces a seal (memseal/engine.h), and what a violation gets: the two
// answers that every part of memseal asks for. Words of users become these
// values where a command line, a policy or the C interface is read, and nowhere
// else.
#pragma once

#include <cstdint>

#include "memseal/engine.h"

namespace memseal {

/// The one word for a set, as reports, `status` and `probe` say it. "strict" is
/// native with another engine beside it.
constexpr const char *name(Engine engine) {
  if (engine.empty())
    return "none";
  if (engine == Engine::native)
    return "native";
  if (engine.has(Engine::native))
    return "strict";
  return engine.has(Engine::keeper) ? "keeper" : "filter";
}

/// What a call gets that a seal forbids. Some need a process beside the
/// program that hears of it: `report` and `permit`.
enum class OnViolation : std::uint8_t {
  deny,    ///< it fails
  report,  ///< it fails, and is written down with its caller
  kill,    ///< the process ends, as by SIGSYS
  trap,    ///< the thread gets SIGSYS
  permit,  ///< it is made, and written down: `memseal trace`
};

/// Whether somebody beside the program hears of each violation and decides.
constexpr bool asks_supervisor(OnViolation on_violation) {
  return on_violation == OnViolation::report ||
         on_violation == OnViolation::permit;
}

}  // namespace memseal
