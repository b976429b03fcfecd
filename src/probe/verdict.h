// SPDX-License-Identifier: Apache-2.0
// What an attack proves, from what was seen of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "probe/attack.h"

namespace memseal::probe {

enum class Verdict : std::uint8_t {
  held,            ///< refused, and nothing changed
  open,            ///< it worked
  without_effect,  ///< allowed, and nothing changed
  not_applicable,  ///< the kernel refuses it on such memory, seal or no seal
  unknown,         ///< could not be tried
};
const char *name(Verdict verdict);

struct Trial {
  Verdict verdict = Verdict::unknown;
  std::string detail{};   ///< "EPERM", "killed", "mapping changed"
  bool promised = false;  ///< a seal promises that it is held
};

/// What was seen of one attack.
struct Observation {
  CallOutcome outcome;
  Effect effect = Effect::seen;
  bool mapping_changed = false, bytes_changed = false;
  bool promised = false;  ///< as `is_promised` says
};

/// `control` tells what the same attack answers on memory that is not sealed.
/// It costs a copy of its own, so it is asked only where a refusal proves
/// nothing without it.
Trial judge(const Observation &seen, const std::function<long()> &control);

/// "EPERM", or "errno 4711".
std::string errno_name(int error);

}  // namespace memseal::probe
