// SPDX-License-Identifier: Apache-2.0
#include "provide/keeper_start.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "provide/keeper_filter.h"
#include "sys/syscall.h"

namespace memseal::provide {
namespace {

using sys::call;

// Newer than the headers of the oldest Debian we build on.
// Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long filter_tsync_esrch = 1UL << 4;
constexpr unsigned long filter_wait_killable = 1UL << 5;

constexpr unsigned long needed_flags =
    SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER |
    SECCOMP_FILTER_FLAG_SPEC_ALLOW | filter_tsync_esrch;

char tool[4096];
alignas(16) char child_stack[8192], grandchild_stack[8192];

/// The tool: where `memseal run` says, else beside this library.
bool find_tool() {
  if (const char *told = std::getenv("MEMSEAL_KEEPER")) {
    if (std::strlen(told) >= sizeof tool)
      return false;
    std::strcpy(tool, told);
  } else {
    Dl_info about{};
    if (dladdr(child_stack, &about) == 0 || about.dli_fname == nullptr)
      return false;
    const char *slash = std::strrchr(about.dli_fname, '/');
    std::size_t size =
        slash == nullptr
            ? 0
            : static_cast<std::size_t>(slash + 1 - about.dli_fname);
    if (size + sizeof "memseal-tool" > sizeof tool)
      return false;
    std::memcpy(tool, about.dli_fname, size);
    std::strcpy(tool + size, "memseal-tool");
  }
  return access(tool, X_OK) == 0;
}

/// Whether the kernel knows the flags: it looks at them before the program.
/// Source: seccomp(2), "to determine which flags are supported".
bool knows_flags(unsigned long flags) {
  return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr).error() ==
         EFAULT;
}

/// Runs in the address space of the program, which is stopped meanwhile.
int execute_keeper(void *channel) {
  long fd = *static_cast<int *>(channel);
  if (fd == 3)
    call(SYS_fcntl, fd, F_SETFD, 0);
  else
    call(SYS_dup3, fd, 3, 0);
  unsigned long none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
  const char *arguments[] = {"memseal-tool", "keep-seals", nullptr};
  const char *environment[] = {nullptr};
  call(SYS_execve, tool, arguments, environment);
  call(SYS_exit_group, 127);
  return 127;
}

int start_and_leave(void *channel) {
  int keeper = clone(execute_keeper, grandchild_stack + sizeof grandchild_stack,
                     CLONE_VM | CLONE_VFORK, channel);
  call(SYS_exit, keeper > 0 ? 0 : 1);
  return 1;
}

/// Twice away, so that the keeper is nobody's child. The one between us ends
/// without a signal (the last byte of the flags is 0): neither SIGCHLD nor the
/// program's own wait(2) notices it.
bool launch(int channel) {
  unsigned long all = ~0UL, before = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
  int child = clone(start_and_leave, child_stack + sizeof child_stack,
                    CLONE_VM | CLONE_VFORK, &channel);
  int status = -1;
  while (child > 0 &&
         call(SYS_wait4, child, &status, __WCLONE, nullptr).error() == EINTR) {
  }
  call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool hear(int channel) {
  char byte;
  ssize_t size;
  do
    size = recv(channel, &byte, 1, 0);
  while (size < 0 && errno == EINTR);
  return size == 1;
}

bool hand_over(int channel, int listener) {
  char byte = 'l';
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof listener);
  std::memcpy(CMSG_DATA(head), &listener, sizeof listener);
  ssize_t size;
  do
    size = sendmsg(channel, &message, MSG_NOSIGNAL);
  while (size < 0 && errno == EINTR);
  return size == 1;
}

/// From here on there is no way back: the filter is for ever. A program whose
/// keeper is lost cannot change its mappings any more, and better ends now.
void install_or_die(int channel, int listener) {
  if (hand_over(channel, listener) && hear(channel))
    return;
  constexpr char text[] = "memseal: the keeper of served seals is lost\n";
  call(SYS_write, 2, text, sizeof text - 1);
  std::abort();
}

long install(int channel) {
  auto code = keeper_filter();
  sock_fprog program{static_cast<unsigned short>(code.size()),
                     const_cast<sock_filter *>(code.data())};
  // Without it a signal handler that does not restart calls makes a notified
  // munmap fail with EINTR (Linux 5.19; seccomp_unotify(2), BUGS).
  unsigned long flags = needed_flags;
  if (knows_flags(flags | filter_wait_killable))
    flags |= filter_wait_killable;
  call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  long listener =
      call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program).raw;
  if (listener < 0)
    return listener;
  install_or_die(channel, static_cast<int>(listener));
  call(SYS_close, listener);
  return 0;
}

}  // namespace

bool keeper_possible() {
  return knows_flags(needed_flags) && find_tool();
}

long start_keeper() {
  if (!keeper_possible())
    return -ENOSYS;
  int channel[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
    return -errno;
  bool launched = launch(channel[1]);
  call(SYS_close, channel[1]);
  long done = launched && hear(channel[0]) ? install(channel[0]) : -ENOSYS;
  call(SYS_close, channel[0]);
  return done;
}

}  // namespace memseal::provide
