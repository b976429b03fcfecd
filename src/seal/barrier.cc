// SPDX-License-Identifier: Apache-2.0
// The essay is in the header.
#include "seal/barrier.h"

#include "seal/handshake.h"
#include "seal/register.h"
#include "sys/named_memory.h"
#include "sys/threads.h"

namespace memseal {
namespace {

constexpr std::uint64_t patience_before = 200'000;  // microseconds

/// Waits until the thread takes our signal, or has ended.
Result<void> check_reachable(int tid, std::uint64_t deadline) {
  for (;;) {
    auto state = MEMSEAL_TRY(sys::thread_state(tid));
    if (state.ended || (state.blocked & sys::signal_bit(handshake_signal)) == 0)
      return {};
    if (sys::now_microseconds() >= deadline)
      return fail(Errc::unsynchronised);
    std::atomic<std::uint32_t> nothing{0};
    sys::wait(nothing, 0, 500);
  }
}

}  // namespace

Result<Barrier> Barrier::prepare() {
  sys::Company company = sys::company();
  if (company == sys::Company::none)
    return Barrier(Company::none);

  auto threads = sys::ThreadList::open();
  if (!threads)
    return fail(Errc::unsynchronised, threads.error().sys_errno);
  const int self = sys::current_thread();
  const std::uint64_t deadline = sys::now_microseconds() + patience_before;
  std::size_t seen = 0;
  while (auto tid = MEMSEAL_TRY(threads->next())) {
    ++seen;
    if (*tid != self)
      MEMSEAL_TRY_VOID(check_reachable(*tid, deadline));
  }
  if (seen == 1 && company == sys::Company::some)
    return Barrier(Company::sibling);
  return Barrier(Company::threads);
}

Result<void> Barrier::pass() {
  if (company_ == Company::none)
    return {};
  return shake_hands_with_every_thread();
}

}  // namespace memseal
