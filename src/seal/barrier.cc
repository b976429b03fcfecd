// SPDX-License-Identifier: Apache-2.0
// The essay is in the header.
#include "seal/barrier.h"

#include <optional>

#include "seal/quiesce.h"
#include "seal/register.h"
#include "sys/retry_budget.h"
#include "sys/threads.h"

namespace memseal {
namespace {

// For each thread. libc blocks the signal while a thread begins, while it ends,
// and in its own handler: on a busy machine a thread may be seen so again and
// again, so it is looked at often, not only for long.
constexpr std::uint64_t least_microseconds = 200'000;
constexpr unsigned least_tries = 200;
// A thread that waits for a processor all the while cannot unblock anything:
// its tries do not count, up to this.
constexpr std::uint64_t queued_microseconds = 10'000'000;

enum class Reach : std::uint8_t { by_signal, kernel_worker, ring_worker };

/// Waits until the thread takes our signal, or has ended.
Result<Reach> check_reachable(int tid) {
  sys::RetryBudget budget(least_microseconds, least_tries);
  sys::RetryBudget queued(queued_microseconds, 0);
  std::optional<std::uint64_t> ran;  // when first seen blocking and runnable
  do {
    auto state = MEMSEAL_TRY(sys::thread_state(tid));
    bool blocked = (state.blocked & sys::signal_bit(quiesce_signal)) != 0;
    if (state.ended || !blocked)
      return Reach::by_signal;
    if (sys::is_ring_worker(tid))
      return Reach::ring_worker;
    if (sys::is_kernel_worker(tid))
      return Reach::kernel_worker;
    auto runs = state.runs ? sys::ticks_on_processor(tid) : std::nullopt;
    if (!ran)
      ran = runs;
    bool queues = runs && runs == ran;
    if (queues && queued.allows_another())
      budget = {least_microseconds, least_tries};
  } while (budget.allows_another());
  return fail(Errc::unsynchronised);
}

}  // namespace

Result<Barrier> Barrier::prepare() {
  auto sharers = sys::address_space_sharers();
  if (sharers == sys::AddressSpaceSharers::none)
    return Barrier(Sharers::none);

  auto threads = sys::ThreadList::open();
  if (!threads)
    return fail(Errc::unsynchronised, threads.error().sys_errno);
  if (!sys::proc_has_our_ids())
    return fail(Errc::unsynchronised);
  const int self = sys::current_thread();
  std::size_t seen = 0;
  Barrier barrier(Sharers::threads);
  while (auto tid = MEMSEAL_TRY(threads->next())) {
    ++seen;
    if (*tid == self)
      continue;
    Reach reach = MEMSEAL_TRY(check_reachable(*tid));
    barrier.ring_worker_ |= reach == Reach::ring_worker;
    barrier.kernel_worker_ |= reach != Reach::by_signal;
  }
  bool alone = seen == 1;
  if (alone ? sharers == sys::AddressSpaceSharers::some
            : sys::shares_memory_with_process())
    barrier.sibling_ = true;
  return barrier;
}

Result<void> Barrier::pass() {
  if (sharers_ == Sharers::none)
    return {};
  return quiesce_threads(kernel_worker_ ? KernelWorkers::leave_out
                                        : KernelWorkers::none);
}

}  // namespace memseal
