// SPDX-License-Identifier: Apache-2.0
#include "loader/enforcer.h"

#include "keeper/client.h"
#include "sys/memory.h"

namespace memseal::loader {

const char *name(Enforcer enforcer) {
  switch (enforcer) {
    case Enforcer::native:
      return "native";
    case Enforcer::keeper:
      return "keeper";
    case Enforcer::strict:
    case Enforcer::exact_strict:
      return "strict";
    case Enforcer::exact:
      break;
  }
  return "filter";
}

bool makes_filters(Enforcer enforcer) {
  return enforcer == Enforcer::exact || enforcer == Enforcer::exact_strict;
}

EnforcerChoice choose_enforcer(const RunOptions &options) {
  EngineChoice wanted = options.engine;
  if (wants_own_filters(options)) {
    bool alone = wanted == EngineChoice::exact ||
                 wanted == EngineChoice::filter || !sys::has_mseal();
    return {alone ? Enforcer::exact : Enforcer::exact_strict, Reason::none};
  }
  // Violations are to be reported: the kernel alone reports none.
  if (options.violation == Violation::report && wanted != EngineChoice::filter)
    wanted = EngineChoice::strict;
  if (wanted == EngineChoice::native)
    return {Enforcer::native,
            sys::has_mseal() ? Reason::none : Reason::no_mseal};
  if (wanted == EngineChoice::automatic && sys::has_mseal())
    return {Enforcer::native, Reason::none};
  if (!keeper::announce_image())
    return {Enforcer::keeper, wanted == EngineChoice::automatic
                                  ? Reason::no_mseal
                                  : Reason::no_keeper};
  bool both = wanted == EngineChoice::strict && sys::has_mseal();
  return {both ? Enforcer::strict : Enforcer::keeper, Reason::none};
}

}  // namespace memseal::loader
