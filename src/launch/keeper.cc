// SPDX-License-Identifier: Apache-2.0
#include "launch/keeper.h"

#include "sys/keeper_seal.h"
#include "sys/keeper_start.h"
#include "sys/seccomp_state.h"

namespace memseal::launch {

bool ensure_keeper(const char *tool) {
  // Without a filter there is no keeper. With one the question may be deadly
  // (try_mseal_in_child): a child asks first.
  if (!sys::seccomp_state().none()) {
    if (sys::try_mseal_in_child() == sys::MsealTrial::deadly)
      return false;
    if (sys::keeper_answers())
      return true;
  }
  return sys::start_keeper(tool, sys::launch_keeper_by_fork) == 0;
}

}  // namespace memseal::launch
