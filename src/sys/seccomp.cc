// SPDX-License-Identifier: Apache-2.0
#include "sys/seccomp.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/wait.h>
#include <sys/syscall.h>

#include <atomic>

#include "sys/named_memory.h"
#include "sys/syscall.h"
#include "sys/threads.h"

namespace memseal::sys {
namespace {

// SECCOMP_FILTER_FLAG_SPEC_ALLOW: without it a filtered thread loses
// speculation on kernels before 5.16 and pays for it on every branch.
constexpr unsigned spec_allow = 1u << 2;

constexpr std::uint64_t burial = 200'000;  // microseconds

Answer install(std::span<const sock_filter> program, unsigned flags) {
  sock_fprog described{static_cast<unsigned short>(program.size()),
                       const_cast<sock_filter *>(program.data())};
  return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &described);
}

Answer install_at_best(std::span<const sock_filter> program) {
  Answer answer = install(program, SECCOMP_FILTER_FLAG_TSYNC | spec_allow);
  if (answer.error() == EINVAL)
    answer = install(program, SECCOMP_FILTER_FLAG_TSYNC);
  return answer;
}

/// A thread that has filters of its own stands in the way of TSYNC until the
/// kernel has buried it, a moment after pthread_join(3) returned. From Linux
/// 6.11 the kernel leaves ending threads out itself (kernel/seccomp.c,
/// seccomp_can_sync_threads); before, we wait for them.
Answer install_synchronised(std::span<const sock_filter> program) {
  const std::uint64_t deadline = now_microseconds() + burial;
  for (;;) {
    Answer answer = install_at_best(program);
    if (answer.raw <= 0 || !is_ending(static_cast<int>(answer.raw)) ||
        now_microseconds() >= deadline)
      return answer;
    std::atomic<std::uint32_t> nothing{0};
    wait(nothing, 0, 500);
  }
}

}  // namespace

Result<void> install_filter(std::span<const sock_filter> program) {
  if (program.size() > BPF_MAXINSNS)
    return fail(Errc::budget);

  Answer answer = install_synchronised(program);
  if (answer.error() == EACCES &&
      !call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).failed())
    answer = install_synchronised(program);

  switch (answer.error()) {
    case 0:
      break;
    case ENOSYS:
    case EINVAL:
      return fail(Errc::unsupported, answer.error());
    case ENOMEM:
      return fail(Errc::budget, ENOMEM);
    default:
      return fail(Errc::system, answer.error());
  }
  // A positive answer is the id of the thread that could not be synchronised:
  // a failure that looks like a success.
  if (answer.raw > 0)
    return fail(Errc::unsynchronised);
  return {};
}

Result<void> rehearse_filters(
    std::span<const std::span<const sock_filter>> programs) {
  // fork(2) with no signal at the end of the child; it must be waited for with
  // __WALL then.
  long child = MEMSEAL_TRY(result(call(SYS_clone, 0, 0, 0, 0, 0)));
  if (child == 0) {
    int code = 0;
    for (std::span<const sock_filter> program : programs) {
      auto installed = install_filter(program);
      if (!installed) {
        code = 1 + static_cast<int>(installed.error().code);
        break;
      }
    }
    for (;;)
      call(SYS_exit_group, code);
  }
  int status = 0;
  Answer waited;
  do
    waited = call(SYS_wait4, child, &status, __WALL, 0);
  while (waited.error() == EINTR);
  MEMSEAL_TRY(result(waited));
  if ((status & 0x7f) != 0)  // a signal ended it
    return fail(Errc::unsupported);
  int code = status >> 8 & 0xff;
  if (code != 0)
    return fail(static_cast<Errc>(code - 1));
  return {};
}

bool has_no_new_privs() {
  return call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0).raw == 1;
}

}  // namespace memseal::sys
