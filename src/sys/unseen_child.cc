// SPDX-License-Identifier: Apache-2.0
#include "sys/unseen_child.h"

#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/syscall.h>

#include "sys/syscall.h"

namespace memseal::sys {

long fork_unseen() {
  return call(SYS_clone, CLONE_UNTRACED, 0, 0, 0, 0).raw;
}

bool adopts_orphans() {
  int adopts = 0;
  return call(SYS_getpid).raw == 1 ||
         (!call(SYS_prctl, PR_GET_CHILD_SUBREAPER, &adopts).failed() &&
          adopts != 0);
}

}  // namespace memseal::sys
