// SPDX-License-Identifier: Apache-2.0
#include "sys/seccomp.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/wait.h>
#include <sys/syscall.h>

#include <atomic>

#include "sys/brief_thread.h"
#include "sys/memory.h"
#include "sys/retry_budget.h"
#include "sys/syscall.h"
#include "sys/threads.h"

namespace memseal::sys {
namespace {

// SECCOMP_FILTER_FLAG_SPEC_ALLOW: without it a filtered thread loses
// speculation on kernels before 5.16 and pays for it on every branch.
constexpr unsigned spec_allow = 1u << 2;

constexpr std::uint64_t reap_microseconds = 200'000;
constexpr unsigned reap_tries = 200;

ReturnValue install(std::span<const sock_filter> program, unsigned flags) {
  sock_fprog described{static_cast<unsigned short>(program.size()),
                       const_cast<sock_filter *>(program.data())};
  return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &described);
}

ReturnValue install_at_best(std::span<const sock_filter> program) {
  ReturnValue answer = install(program, SECCOMP_FILTER_FLAG_TSYNC | spec_allow);
  if (answer.error() == EINVAL)
    answer = install(program, SECCOMP_FILTER_FLAG_TSYNC);
  return answer;
}

/// A thread that has filters of its own prevents TSYNC until the kernel has
/// reaped it, a moment after pthread_join(3) returned. From Linux 6.11 the
/// kernel leaves ending threads out itself (kernel/seccomp.c,
/// seccomp_can_sync_threads); before, we wait for them.
ReturnValue install_synchronised(std::span<const sock_filter> program) {
  RetryBudget budget(reap_microseconds, reap_tries);
  for (;;) {
    ReturnValue answer = install_at_best(program);
    if (answer.raw <= 0 || !is_ending(static_cast<int>(answer.raw)) ||
        !budget.allows_another())
      return answer;
  }
}

struct Attempt {
  std::span<const sock_filter> program;
  ReturnValue answer;
};

/// Without privileges the kernel wants no_new_privs, which nobody can take back
/// if it then refuses the filter. But it is a property of a thread, and TSYNC
/// gives it to the others together with the filter, or not at all
/// (kernel/seccomp.c, seccomp_sync_threads). So a thread sets it that ends with
/// the attempt.
ReturnValue install_without_privileges(std::span<const sock_filter> program) {
  auto attempt = [](void *argument) {
    auto &mine = *static_cast<Attempt *>(argument);
    mine.answer = call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!mine.answer.failed())
      mine.answer = install_synchronised(mine.program);
  };
  Attempt made{program, {0}};
  if (!run_in_brief_thread(attempt, &made))
    attempt(&made);  // no thread is to be had
  return made.answer;
}

/// What a forked child found out.
struct Rehearsal {
  std::atomic<bool> has_ended;
  std::atomic<bool> succeeded;
  std::atomic<Errc> code;
};

[[noreturn]] void rehearse(
    std::span<const std::span<const sock_filter>> programs,
    Rehearsal &rehearsal) {
  Result<void> outcome;
  for (std::size_t i = 0; outcome && i != programs.size(); ++i)
    outcome = install_filter(programs[i]);
  rehearsal.succeeded = outcome.has_value();
  if (!outcome)
    rehearsal.code = outcome.error().code;
  rehearsal.has_ended = true;
  for (;;)
    call(SYS_exit_group, 0);
}

Result<void> wait_for_rehearsal(long child, const Rehearsal &rehearsal) {
  ReturnValue waited;
  do
    waited = call(SYS_wait4, child, 0, __WALL, 0);
  while (waited.error() == EINTR);
  // Gone all the same: ECHILD, somebody else has waited for it.
  if (!rehearsal.has_ended)
    return fail(Errc::unsupported);  // a filter killed it
  if (!rehearsal.succeeded)
    return fail(rehearsal.code);
  return {};
}

}  // namespace

Result<void> install_filter(std::span<const sock_filter> program) {
  if (program.size() > BPF_MAXINSNS)
    return fail(Errc::budget);

  ReturnValue answer = install_synchronised(program);
  if (answer.error() == EACCES)
    answer = install_without_privileges(program);

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
  // How it went stands in shared memory, and not in the child's exit status:
  // another thread may have waited for any child and have got that.
  PageRange shared = MEMSEAL_TRY(map_shared(sizeof(Rehearsal)));
  auto *rehearsal = reinterpret_cast<Rehearsal *>(shared.begin());
  // fork(2) with no signal at the end of the child; it must be waited for with
  // __WALL then.
  auto child = result(call(SYS_clone, 0, 0, 0, 0, 0));
  if (child && *child == 0)
    rehearse(programs, *rehearsal);
  Result<void> outcome;
  if (!child)
    outcome = std::unexpected(child.error());
  else
    outcome = wait_for_rehearsal(*child, *rehearsal);
  (void)unmap(shared);
  return outcome;
}

bool has_no_new_privs() {
  return call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0).raw == 1;
}

}  // namespace memseal::sys
