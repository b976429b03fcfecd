// SPDX-License-Identifier: Apache-2.0
#include "keeper/ensure.h"

#include "keeper/client.h"
#include "keeper/start.h"
#include "sys/seccomp_state.h"

namespace memseal::keeper {

bool ensure_keeper(const char *tool) {
  // Without a filter there is no keeper. With one the question may be deadly
  // (try_mseal_in_child): a child asks first.
  if (!sys::seccomp_state().none()) {
    if (sys::try_mseal_in_child() == sys::MsealTrial::deadly)
      return false;
    if (keeper_answers())
      return true;
  }
  return start_keeper(tool, launch_keeper_by_fork) == 0;
}

}  // namespace memseal::keeper
