// SPDX-License-Identifier: Apache-2.0
#include "keeper/start.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/wait.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/large_local.h"
#include "keeper/filter.h"
#include "sys/descriptor_passing.h"
#include "sys/syscall.h"
#include "sys/unseen_child.h"

namespace memseal::keeper {
namespace {

// Newer than the headers of the oldest Debian we build on.
// Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long filter_tsync_esrch = 1UL << 4;
constexpr unsigned long filter_wait_killable = 1UL << 5;

constexpr unsigned long needed_flags =
    SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER |
    SECCOMP_FILTER_FLAG_SPEC_ALLOW | filter_tsync_esrch;

/// Linux 5.9. Source: Linux, include/uapi/asm-generic/unistd.h.
constexpr long nr_close_range = 436;

/// Whether the kernel knows the flags: it looks at them before the program.
/// Source: seccomp(2), "to determine which flags are supported".
int error_of_flags(unsigned long flags) {
  return sys::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr)
      .error();
}
bool knows_flags(unsigned long flags) {
  return error_of_flags(flags) == EFAULT;
}

bool hear(int channel) {
  char byte;
  sys::ReturnValue size;
  do
    size = sys::call(SYS_recvfrom, channel, &byte, 1, 0, nullptr, nullptr);
  while (size.error() == EINTR);
  return size.raw == 1;
}

/// From here on there is no way back: the filter is for ever. A program whose
/// keeper is lost cannot change its mappings any more, and better ends now.
void hand_over_or_end(int channel, int listener, ZoneShape zone) {
  if (sys::send_descriptor(channel, listener, zone.byte()) && hear(channel))
    return;
  constexpr std::string_view text =
      "memseal: the keeper ended before it began to serve\n";
  sys::call(SYS_write, 2, text.data(), text.size());
  for (;;)
    sys::call(SYS_exit_group, 125);
}

Result<void> install(int channel, const TreeRules &rules) {
  MEMSEAL_LARGE_LOCAL bpf::Instruction storage[most_instructions];
  auto code = compile_filter(filter::native_architecture(), rules, storage);
  if (!code)
    return std::unexpected(code.error());
  // The kernel's struct, byte for byte (bpf/instruction.h).
  sock_fprog program{
      static_cast<unsigned short>(code->size()),
      const_cast<sock_filter *>(
          reinterpret_cast<const sock_filter *>(code->instructions().data()))};
  // Without it a signal handler that does not restart calls makes a notified
  // munmap fail with EINTR (Linux 5.19; seccomp_unotify(2), BUGS).
  unsigned long flags = needed_flags;
  if (knows_flags(flags | filter_wait_killable))
    flags |= filter_wait_killable;
  sys::ReturnValue listener =
      sys::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener.error() == EACCES) {
    sys::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = sys::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  }
  if (listener.failed())
    return fail(Errc::system, listener.error());
  hand_over_or_end(channel, static_cast<int>(listener.raw), rules.zone);
  sys::call(SYS_close, listener.raw);
  return {};
}

}  // namespace

bool keeper_possible() {
  return knows_flags(needed_flags);
}

void execute_keeper(const char *tool, int channel) {
  if (channel == 3)
    sys::call(SYS_fcntl, channel, F_SETFD, 0);
  else
    sys::call(SYS_dup3, channel, 3, 0);
  unsigned long none = 0;
  constexpr int set_mask = 2;  // SIG_SETMASK
  sys::call(SYS_rt_sigprocmask, set_mask, &none, nullptr, sizeof none);
  const char *arguments[] = {"memseal-tool", "keep-seals", nullptr};
  const char *environment[] = {nullptr};
  sys::call(SYS_execve, tool, arguments, environment);
  for (;;)
    sys::call(SYS_exit_group, 127);
}

namespace {

void close_everything() {
  constexpr int most_before_linux_5_9 = 4096;
  if (!sys::call(nr_close_range, 0U, ~0U, 0).failed())
    return;
  for (int fd = 0; fd < most_before_linux_5_9; ++fd)
    sys::call(SYS_close, fd);
}

// A child that executes, and an orphan that we adopt, is found by wait(2): a
// program that waits for all its children would wait for the keeper. So the
// keeper has a parent that does not execute, does nothing, and ends after it.
[[noreturn]] void be_parent_of_keeper(const char *tool, int channel) {
  sys::call(SYS_setsid);
  // Its own children come back to it, should the keeper have any.
  sys::call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sys::call(SYS_prctl, PR_SET_NAME, "memseal-parent", 0, 0, 0);
  constexpr int set_mask = 2;  // SIG_SETMASK
  unsigned long all = ~0UL;
  sys::call(SYS_rt_sigprocmask, set_mask, &all, nullptr, sizeof all);
  sys::ReturnValue keeper = sys::call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (keeper.raw == 0)
    execute_keeper(tool, channel);
  sys::call(SYS_chdir, "/");
  close_everything();
  while (sys::call(SYS_wait4, -1, nullptr, __WALL, nullptr).error() != ECHILD) {
  }
  for (;;)
    sys::call(SYS_exit_group, 0);
}

void reap(long child) {
  while (sys::call(SYS_wait4, child, nullptr, __WALL, nullptr).error() ==
         EINTR) {
  }
}

}  // namespace

// Where orphans go elsewhere, the parent of the keeper is one: a program that
// waits with __WALL until it has no child, as strace does, finds none.
Result<long> launch_keeper_by_fork(const char *tool, int channel) {
  const bool orphaned = !sys::adopts_orphans();
  long child = sys::fork_unseen();
  if (child == 0) {
    if (!orphaned || sys::fork_unseen() == 0)
      be_parent_of_keeper(tool, channel);
    for (;;)
      sys::call(SYS_exit_group, 0);
  }
  if (child < 0)
    return fail(Errc::system, static_cast<int>(-child));
  if (!orphaned)
    return child;
  reap(child);
  return 0;
}

Result<void> start_keeper(const char *tool, LaunchKeeper launch,
                          const TreeRules &rules) {
  if (int error = error_of_flags(needed_flags); error != EFAULT)
    return fail(Errc::system, error == EINVAL ? ENOSYS : error);
  int channel[2];
  sys::ReturnValue made = sys::call(SYS_socketpair, AF_UNIX,
                                    SOCK_STREAM | SOCK_CLOEXEC, 0, channel);
  if (made.failed())
    return fail(Errc::system, made.error());
  auto child = launch(tool, channel[1]);
  sys::call(SYS_close, channel[1]);
  Result<void> done = fail(Errc::system, ECHILD);
  if (child && hear(channel[0]))
    done = install(channel[0], rules);
  sys::call(SYS_close, channel[0]);
  if (!done && child && *child > 0)
    reap(*child);
  return done;
}

}  // namespace memseal::keeper
