// SPDX-License-Identifier: Apache-2.0
#include "keeper/ensure.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "keeper/client.h"
#include "keeper/start.h"
#include "sys/seccomp_state.h"
#include "sys/syscall.h"

namespace memseal::keeper {
namespace {

int make_calls_of_a_start() {
  keeper_possible();
  sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int channel[2];
  sys::call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel);
  return 0;
}

}  // namespace

bool start_is_survived() {
  return sys::seccomp_state().none() ||
         sys::run_in_child(make_calls_of_a_start) == 0;
}

Result<void> ensure_keeper(const char *tool, const TreeRules &rules) {
  switch (keeper_presence()) {
    case Presence::enforces:
      return {};
    case Presence::watches:
      return fail(Errc::system, EALREADY);
    case Presence::none:
      break;
  }
  if (!start_is_survived())
    return fail(Errc::system, ESRCH);
  return start_keeper(tool, launch_keeper_by_fork, rules);
}

const char *why_no_keeper(const Error &error) {
  switch (error.to_errno()) {
    case ENOSYS:
      return "this kernel does not let it see the calls of all threads (Linux "
             "5.7)";
    case EBUSY:
      return "another user of seccomp notifications is there";
    case EPERM:
    case EACCES:
      return "a filter forbids seccomp(2)";
    case ESRCH:
      return "a seccomp filter kills for the calls that start it";
    case ECHILD:
      return "its process cannot be started";
    case EALREADY:
      return "this runs inside memseal trace, whose keeper permits everything";
    case EEXIST:
      return "this runs under the keeper of another memseal run";
    default:
      return "the kernel refuses its filter";
  }
}

}  // namespace memseal::keeper
