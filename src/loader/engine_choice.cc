// SPDX-License-Identifier: Apache-2.0
#include "loader/engine_choice.h"

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

EngineChoice choose_engine(const RunOptions &options, AvailableEngines there) {
  Engine wanted = options.engine;
  const bool native = there.mseal == sys::MsealTrial::works;
  if (wants_own_filters(options)) {
    bool alone = wanted == Engine::filter || !native;
    return {alone ? Engine::filter : Engine::strict, Reason::none};
  }
  // Violations are to be reported: the kernel alone reports none.
  if (options.on_violation == OnViolation::report && wanted != Engine::keeper)
    wanted = strict_tree;
  if (wanted == Engine::native)
    return {Engine::native,
            native ? Reason::none : why_not_native(there.mseal)};
  if (wanted == Engine::automatic && native)
    return {Engine::native, Reason::none};
  if (!there.keeper)
    return {Engine::keeper, wanted == Engine::automatic
                                ? why_not_native(there.mseal)
                                : Reason::no_keeper};
  bool both = wanted == strict_tree && native;
  return {both ? strict_tree : Engine::keeper, Reason::none};
}

}  // namespace memseal::loader
