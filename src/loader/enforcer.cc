// SPDX-License-Identifier: Apache-2.0
#include "loader/enforcer.h"

#include "sys/keeper_seal.h"
#include "sys/memory.h"

namespace memseal::loader {

const char *name(Enforcer enforcer) {
  switch (enforcer) {
    case Enforcer::native:
      return "native";
    case Enforcer::keeper:
      return "keeper";
    case Enforcer::strict:
      return "strict";
    case Enforcer::exact:
      break;
  }
  return "filter";
}

EnforcerChoice choose_enforcer(EngineChoice wanted) {
  switch (wanted) {
    case EngineChoice::exact:
      return {Enforcer::exact, Reason::none};
    case EngineChoice::native:
      return {Enforcer::native,
              sys::has_mseal() ? Reason::none : Reason::no_mseal};
    case EngineChoice::automatic:
      if (sys::has_mseal())
        return {Enforcer::native, Reason::none};
      return {Enforcer::keeper,
              sys::keeper_answers() ? Reason::none : Reason::no_mseal};
    case EngineChoice::filter:
    case EngineChoice::strict:
      break;
  }
  if (!sys::keeper_answers())
    return {Enforcer::keeper, Reason::no_keeper};
  bool both = wanted == EngineChoice::strict && sys::has_mseal();
  return {both ? Enforcer::strict : Enforcer::keeper, Reason::none};
}

}  // namespace memseal::loader
