// SPDX-License-Identifier: Apache-2.0
#include "provide/keeper.h"

#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "keeper/start.h"
#include "provide/setting.h"
#include "sys/syscall.h"
#include "sys/unseen_child.h"

namespace memseal::provide {
namespace {

using sys::call;

char tool[4096];
alignas(16) char child_stack[8192], grandchild_stack[8192];

/// The tool: where `memseal run` says, else beside this library.
bool find_tool() {
  if (const char *told = setting("MEMSEAL_KEEPER")) {
    std::size_t size = std::strlen(told) + 1;
    if (size > sizeof tool)
      return false;
    std::memcpy(tool, told, size);
  } else {
    Dl_info about{};
    if (dladdr(child_stack, &about) == 0 || about.dli_fname == nullptr)
      return false;
    const char *slash = std::strrchr(about.dli_fname, '/');
    std::size_t size =
        slash == nullptr
            ? 0
            : static_cast<std::size_t>(slash + 1 - about.dli_fname);
    constexpr char name[] = "memseal-tool";
    if (size + sizeof name > sizeof tool)
      return false;
    std::memcpy(tool, about.dli_fname, size);
    std::memcpy(tool + size, name, sizeof name);
  }
  return access(tool, X_OK) == 0;
}

/// Runs in the address space of the program, which is stopped meanwhile.
int become_keeper(void *channel) {
  keeper::execute_keeper(tool, *static_cast<int *>(channel));
}

int start_and_leave(void *channel) {
  int keeper = clone(become_keeper, grandchild_stack + sizeof grandchild_stack,
                     CLONE_VM | CLONE_VFORK | CLONE_UNTRACED, channel);
  call(SYS_exit, keeper > 0 ? 0 : 1);
  return 1;
}

/// Twice away, so that the keeper is the child of nobody here. The one between
/// us ends without a signal (the last byte of the flags is 0): neither SIGCHLD
/// nor the program's own wait(2) notices it. No copy of the program is made,
/// however large it is.
Result<long> launch_as_orphan(int channel) {
  unsigned long all = ~0UL, before = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
  int child = clone(start_and_leave, child_stack + sizeof child_stack,
                    CLONE_VM | CLONE_VFORK | CLONE_UNTRACED, &channel);
  int status = -1;
  while (child > 0 &&
         call(SYS_wait4, child, &status, __WCLONE, nullptr).error() == EINTR) {
  }
  call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
  bool launched = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!launched)
    return fail(Errc::system, ECHILD);
  return 0;
}

Result<long> launch(const char *, int channel) {
  return sys::adopts_orphans() ? keeper::launch_keeper_by_fork(tool, channel)
                               : launch_as_orphan(channel);
}

}  // namespace

bool keeper_possible() {
  return keeper::keeper_possible() && find_tool();
}

Result<void> start_keeper() {
  if (!find_tool())
    return fail(Errc::system, ENOSYS);
  auto started = keeper::start_keeper(tool, launch,
                                      {.io_uring = keeper::IoUring::allowed});
  // To the program it is a kernel without the call.
  if (!started && (started.error().sys_errno == ECHILD ||
                   started.error().sys_errno == EPERM))
    return fail(Errc::system, ENOSYS);
  return started;
}

}  // namespace memseal::provide
