// SPDX-License-Identifier: Apache-2.0
#include "loader/enforcer.h"

#include "sys/kernel_version.h"

namespace memseal::loader {
namespace {

Reason why_not_native(sys::MsealTrial mseal) {
  if (mseal != sys::MsealTrial::refused)
    return Reason::seccomp;
  return sys::kernel_is_at_least(6, 10) ? Reason::mseal_refused
                                        : Reason::no_mseal;
}

}  // namespace

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

EnforcerChoice choose_enforcer(const RunOptions &options, Enforcers there) {
  EngineChoice wanted = options.engine;
  const bool native = there.mseal == sys::MsealTrial::works;
  if (wants_own_filters(options)) {
    bool alone = wanted == EngineChoice::exact ||
                 wanted == EngineChoice::filter || !native;
    return {alone ? Enforcer::exact : Enforcer::exact_strict, Reason::none};
  }
  // Somebody is to hear of hits: the kernel tells nobody.
  if (options.violation == Violation::report && wanted != EngineChoice::filter)
    wanted = EngineChoice::strict;
  if (wanted == EngineChoice::native)
    return {Enforcer::native,
            native ? Reason::none : why_not_native(there.mseal)};
  if (wanted == EngineChoice::automatic && native)
    return {Enforcer::native, Reason::none};
  if (!there.keeper)
    return {Enforcer::keeper, wanted == EngineChoice::automatic
                                  ? why_not_native(there.mseal)
                                  : Reason::no_keeper};
  bool both = wanted == EngineChoice::strict && native;
  return {both ? Enforcer::strict : Enforcer::keeper, Reason::none};
}

}  // namespace memseal::loader
