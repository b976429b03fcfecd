// SPDX-License-Identifier: Apache-2.0
#include "sys/seccomp_state.h"

#include <fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <string_view>

#include "base/large_local.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

/// The number after "\nNAME:\t", -1 if there is none.
int field(std::string_view status, std::string_view name) {
  std::size_t at = status.find(name);
  if (at == std::string_view::npos)
    return -1;
  at += name.size();
  int number = -1;
  for (; at < status.size() && '0' <= status[at] && status[at] <= '9'; ++at)
    number = (number < 0 ? 0 : number * 10) + (status[at] - '0');
  return number;
}

SeccompState read_state(const char *path) {
  ReturnValue file = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file.failed())
    return {};
  MEMSEAL_LARGE_LOCAL char text[4096];
  long size = call(SYS_read, file.raw, text, sizeof text).raw;
  call(SYS_close, file.raw);
  if (size <= 0)
    return {};
  std::string_view status(text, static_cast<std::size_t>(size));
  // A process may call itself "Seccomp:": its name is in the first line, and
  // the kernel escapes newlines in it.
  return {.mode = field(status, "\nSeccomp:\t"),
          .filters = field(status, "\nSeccomp_filters:\t")};
}

// What the loader module will do, without an effect: a look at a page, a
// request for none.
int make_harmless_calls() {
  unsigned char here = 0, resident;
  auto *page = reinterpret_cast<unsigned char *>(
      reinterpret_cast<std::uintptr_t>(&here) & ~(page_size() - 1));
  call(SYS_mincore, page, 1, &resident);
  call(SYS_madvise, page, 0, MADV_POPULATE_WRITE);
  call(SYS_msync, page, 0, MS_ASYNC);
  return 0;
}

// And mseal(2) of nothing.
int make_all_calls() {
  make_harmless_calls();
  return call(nr_mseal, 0, 0, 0).failed() ? 1 : 0;
}

}  // namespace

SeccompState seccomp_state() {
  return read_state("/proc/self/status");
}

int filters_on_this_thread() {
  return read_state("/proc/thread-self/status").filters;
}

bool runs_unfiltered() {
  return call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0).raw == 0;
}

int run_in_child(int (*body)()) {
  // A copy of the process, not vfork: a filter on clone is rare, a child that
  // shares our frame a trap.
  // No debugger follows it.
  ReturnValue child = call(SYS_clone, CLONE_UNTRACED, 0, 0, 0, 0);
  if (child.raw == 0) {
    int status = body();
    for (;;)
      call(SYS_exit, status);
  }
  if (child.failed())
    return -1;
  int status = -1;
  ReturnValue waited;
  do
    waited = call(SYS_wait4, child.raw, &status, __WALL, 0);
  while (waited.error() == EINTR);
  bool ended_itself = !waited.failed() && (status & 0x7f) == 0;
  return ended_itself ? (status >> 8) & 0xff : -1;
}

MsealTrial try_mseal_in_child() {
  int made = run_in_child(make_all_calls);
  if (made >= 0)
    return made == 0 ? MsealTrial::works : MsealTrial::refused;
  return run_in_child(make_harmless_calls) == 0 ? MsealTrial::mseal_deadly
                                                : MsealTrial::deadly;
}

}  // namespace memseal::sys
