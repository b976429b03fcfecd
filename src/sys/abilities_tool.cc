// SPDX-License-Identifier: Apache-2.0
#include "sys/abilities_tool.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

/// Runs `question` in a child; it returns 0 or an errno.
template <typename Question>
Ability ask(Question question) {
  pid_t child = fork();
  if (child < 0)
    return {};
  if (child == 0) {
    // A death that is an answer leaves no core file behind.
    prctl(PR_SET_DUMPABLE, 0);
    alarm(5);
    _exit(question());
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR)
      return {};
  }
  if (WIFSIGNALED(status))
    return {WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGKILL
                ? Ability::deadly
                : Ability::unknown,
            0};
  int error = WEXITSTATUS(status);
  return {error == 0 ? Ability::granted : Ability::refused, error};
}

template <typename... Arguments>
int error_of(long number, Arguments... arguments) {
  return call(number, arguments...).error();
}

int install_empty_filter(unsigned flags = 0) {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog program{1, &allow};
  return error_of(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int override_read_only_page() {
  void *page =
      mmap(nullptr, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return errno;
  int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno;
  const char byte = 1;
  if (pwrite(fd, &byte, 1, reinterpret_cast<off_t>(page)) != 1)
    return errno;
  return *static_cast<volatile char *>(page) == 1 ? 0 : EIO;
}

int trace_a_child() {
  pid_t child = fork();
  if (child < 0)
    return errno;
  if (child == 0) {
    pause();
    _exit(0);
  }
  int error = ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0 ? 0 : errno;
  kill(child, SIGKILL);
  return error;
}

/// Pages between inaccessible ones: nothing else merges with them.
int seal_over_sealed() {
  constexpr int count = 8;
  const std::size_t page = page_size();
  auto *all = static_cast<char *>(mmap(nullptr, (count + 2) * page, PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (all == MAP_FAILED)
    return errno;
  char *at = all + page;
  if (mprotect(at, count * page, PROT_READ | PROT_WRITE) != 0)
    return errno;
  // Where the second page becomes one mapping with its neighbours, the next
  // one was taken to begin where the second ends.
  for (int sealed : {1, 3}) {
    if (int error = error_of(nr_mseal, at + sealed * page, page, 0))
      return error;
  }
  if (int error = error_of(nr_mseal, at + page, 5 * page, 0))
    return error == ENOSYS ? error : EBADE;
  for (int i = 0; i < count; ++i) {
    const bool is_sealed = munmap(at + i * page, page) != 0;
    if (is_sealed != (i >= 1 && i <= 5))
      return EBADE;
  }
  return 0;
}

}  // namespace

bool Ability::missing() const {
  return kind == refused && error == ENOSYS;
}

std::string describe(Ability outcome) {
  switch (outcome.kind) {
    case Ability::granted:
      return "yes";
    case Ability::refused:
      return outcome.missing() ? "this kernel has no such call"
                               : std::strerror(outcome.error);
    case Ability::deadly:
      return "a filter kills whoever asks";
    case Ability::unknown:
      return "could not be tried";
  }
  return {};
}

Ability ask_mseal() {
  return ask([] { return error_of(nr_mseal, 0, 0, 0); });
}

Ability ask_mixed_mseal() {
  return ask(seal_over_sealed);
}

Ability ask_userfaultfd() {
  return ask([] {
    return error_of(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  });
}

Ability ask_io_uring() {
  return ask([] {
    io_uring_params parameters{};
    return error_of(SYS_io_uring_setup, 1, &parameters);
  });
}

Ability ask_memory_override() {
  return ask([] {
    // The file belongs to root once the process is not dumpable.
    prctl(PR_SET_DUMPABLE, 1);
    return override_read_only_page();
  });
}

Ability ask_ptrace() {
  return ask([] {
    prctl(PR_SET_DUMPABLE, 1);
    return trace_a_child();
  });
}

Ability ask_filter() {
  return ask([] {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
      return errno;
    return install_empty_filter();
  });
}

Ability ask_privileged_filter() {
  return ask([] { return install_empty_filter(); });
}

Ability ask_listener() {
  return ask([] {
    // TSYNC_ESRCH is newer than some headers.
    constexpr unsigned flags = SECCOMP_FILTER_FLAG_TSYNC |
                               SECCOMP_FILTER_FLAG_NEW_LISTENER | (1U << 4);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
      return errno;
    return install_empty_filter(flags);
  });
}

bool seccomp_knows_flag(unsigned flags) {
  Ability outcome = ask([flags] {
    return error_of(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr);
  });
  return outcome.kind == Ability::refused && outcome.error == EFAULT;
}

bool seccomp_knows_action(std::uint32_t action) {
  return ask([action] {
           return error_of(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
         })
      .ok();
}

}  // namespace memseal::sys
