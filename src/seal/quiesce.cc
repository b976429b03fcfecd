// SPDX-License-Identifier: Apache-2.0
// Sends a signal to every thread and waits until each one has acknowledged it
// (ack). Why: seal/barrier.h.
//
// Threads are taken in waves. Each gets a slot and a number that was never used
// before; its handler writes the number into the slot. A signal that arrives
// late, from a wave that was given up, finds a slot whose number is already
// higher and leaves it alone.
//
// The list of threads is not a snapshot, so it is read until one reading shows
// as many threads as the kernel counts and none that is new. Threads made after
// the filter was installed were born under it and need no signal; but for the
// first hundredth of a second nobody can tell them apart. From then on they are
// left out: else a program that makes threads all the time would never be done.
//
// As long as one of our signals may still be on its way, the handler stays: the
// default action of signal 33 would end the process.
#include "seal/quiesce.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "base/inline_vector.h"
#include "base/large_local.h"
#include "seal/register.h"
#include "sys/named_memory.h"
#include "sys/owned_pages.h"
#include "sys/signals.h"
#include "sys/syscall.h"
#include "sys/threads.h"

namespace memseal {
namespace {

constexpr std::size_t wave_size = 64;
constexpr std::uint64_t timeout = 10'000'000;  // microseconds
constexpr std::uint64_t look_closer_after = 20'000;

// Written by handlers, so they stay where they are for ever.
std::array<std::atomic<std::uint32_t>, wave_size> acks;
std::atomic<std::uint32_t> ack_count{0};  // of acks, to sleep on
std::uint32_t last_number = 0;            // under the RegisterLock

// libc's action, which ours replaces; signals that are not ours go to it.
sys::SignalAction libc_action;

bool is_later(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}

void pass_on(int signal, void *info, void *context) {
  const sys::SignalAction before = libc_action;
  if (before.handler <= 1)  // SIG_DFL, SIG_IGN
    return;
  reinterpret_cast<sys::SignalHandler>(before.handler)(signal, info, context);
}

void acknowledge(int signal, void *info, void *context) {
  sys::SentSignal sent = sys::sent_signal(info);
  auto *slot = static_cast<const std::atomic<std::uint32_t> *>(sent.pointer);
  if (!sent.queued || slot < acks.data() || slot >= acks.data() + wave_size) {
    pass_on(signal, info, context);
    return;
  }
  auto &mine = acks[static_cast<std::size_t>(slot - acks.data())];
  std::uint32_t now = mine.load(std::memory_order_relaxed);
  while (is_later(sent.number, now) &&
         !mine.compare_exchange_weak(now, sent.number)) {
  }
  ack_count.fetch_add(1);
  sys::wake(ack_count);
}

/// Our handler in place of libc's, as long as it is needed.
class BorrowedSignal {
public:
  static Result<void> take() {
    auto now = MEMSEAL_TRY(sys::signal_action(quiesce_signal));
    sys::SignalAction ours = sys::action_for(&acknowledge);
    if (now.handler == ours.handler)
      return {};
    libc_action = now;
    return sys::set_signal_action(quiesce_signal, ours);
  }
  static bool is_taken() {
    auto now = sys::signal_action(quiesce_signal);
    return now && now->handler == sys::action_for(&acknowledge).handler;
  }
  /// libc may have set its own action meanwhile, when the first thread was
  /// made: then that one stays.
  static void give_back() {
    if (is_taken())
      (void)sys::set_signal_action(quiesce_signal, libc_action);
  }
};

/// One bit for each thread id there can be: 512 KiB of addresses, of which a
/// page or two are ever touched.
class ThreadSet {
public:
  static constexpr std::size_t ids = std::size_t{1} << 22;  // PID_MAX_LIMIT
  static Result<ThreadSet> create() {
    return ThreadSet(MEMSEAL_TRY(sys::OwnedPages::create(ids / 8)));
  }
  /// Whether it was not in the set before.
  bool add(int tid) {
    auto id = static_cast<std::size_t>(tid) % ids;
    std::uint8_t &byte = bits_.as<std::uint8_t>()[id / 8];
    auto bit = static_cast<std::uint8_t>(1u << id % 8);
    bool is_new = (byte & bit) == 0;
    byte |= bit;
    return is_new;
  }

private:
  explicit ThreadSet(sys::OwnedPages bits) : bits_(std::move(bits)) {}
  sys::OwnedPages bits_;
};

/// Whether a thread asleep in this call cannot be about to change a mapping.
/// Calls that are not listed count as if they could.
///
/// The kernel does not tell by which door the call came: on x86-64 the number
/// may be i386's. So recvfrom, 45 (brk there), and restart_syscall, 219
/// (madvise there), are not here.
bool leaves_mappings_alone(long number) {
  static constexpr long calls[] = {
    SYS_futex,
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_pwait,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend,
    SYS_wait4,
    SYS_waitid,
    SYS_accept,
    SYS_accept4,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_connect,
    SYS_clone,
    441,  // epoll_pwait2, Linux 5.11
    449,  // futex_waitv, Linux 5.16
    455,  // futex_wait, Linux 6.7
#if defined(__x86_64__)
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_pause,
    SYS_vfork,
#endif
  };
  return std::find(std::begin(calls), std::end(calls), number) !=
         std::end(calls);
}

/// Whatever it does next is judged by the filter that is on.
bool sleeps_harmlessly(int tid) {
  auto call = sys::sleeping_in_call(tid);
  return call && leaves_mappings_alone(*call);
}

struct Asked {
  int tid;
  std::size_t slot;
  std::uint32_t number;
  bool answered() const {
    return !is_later(number, acks[slot].load(std::memory_order_acquire));
  }
  /// Without an ack, and yet past every call that it was in when asked.
  bool is_out_of_the_way() const {
    if (sleeps_harmlessly(tid) || sys::is_kernel_worker(tid))
      return true;
    auto state = sys::thread_state(tid);
    return state && (state->ended || took_signal(*state));
  }
  /// Not by our handler, but by waiting for every signal there is: sigwait(3),
  /// signalfd(2). The call that it does so in is another one.
  static bool took_signal(const sys::ThreadState &state) {
    return (state.pending & sys::signal_bit(quiesce_signal)) == 0 &&
           BorrowedSignal::is_taken();
  }
};

class Quiescer {
public:
  Quiescer(sys::ThreadList &threads, ThreadSet &known, KernelWorkers workers)
      : threads_(threads), known_(known), workers_(workers) {
    wave_.clear();
  }

  Result<void> run() {
    deadline_ = sys::now_microseconds() + timeout;
    began_ = sys::now_in_ticks();
    known_.add(sys::current_thread());
    for (;;) {
      bool complete = MEMSEAL_TRY(scan());
      if (complete)
        return {};
      again_ = true;
      if (sys::now_microseconds() >= deadline_)
        return fail(Errc::unsynchronised);
    }
  }
  /// Whether a signal of ours may still be on its way.
  bool acks_pending() const { return acks_pending_ || !wave_.empty(); }

private:
  /// Asks every thread that is listed and new. Returns whether that was all.
  Result<bool> scan() {
    MEMSEAL_TRY_VOID(threads_.rewind());
    std::size_t seen = 0;
    bool found_new = false;
    while (auto tid = MEMSEAL_TRY(threads_.next())) {
      ++seen;
      if (!known_.add(*tid) ||
          (workers_ == KernelWorkers::leave_out && sys::is_kernel_worker(*tid)))
        continue;
      if (again_ && sys::began_after(*tid, began_))
        continue;
      found_new = true;
      MEMSEAL_TRY_VOID(ask(*tid));
      if (wave_.full())
        MEMSEAL_TRY_VOID(wait_for_wave());
    }
    MEMSEAL_TRY_VOID(wait_for_wave());
    return !found_new && seen >= MEMSEAL_TRY(threads_.thread_count());
  }

  Result<void> ask(int tid) {
    if (sleeps_harmlessly(tid))
      return {};
    Asked asked{tid, wave_.size(), ++last_number};
    for (;;) {
      auto sent = sys::send_signal(tid, quiesce_signal, asked.number,
                                   &acks[asked.slot]);
      if (sent) {
        (void)wave_.push_back(asked);
        return {};
      }
      if (sent.error().sys_errno == ESRCH)
        return check_ended(tid);
      // EAGAIN: the user's signals are all pending. Ours drain fast.
      if (sent.error().sys_errno != EAGAIN ||
          sys::now_microseconds() >= deadline_)
        return sent;
      pause(500);
    }
  }

  static Result<void> check_ended(int tid) {
    auto state = MEMSEAL_TRY(sys::thread_state(tid));
    if (!state.ended)
      return fail(Errc::unsynchronised, ESRCH);
    return {};
  }

  Result<void> wait_for_wave() {
    std::uint64_t began = sys::now_microseconds();
    for (;;) {
      std::uint32_t count = ack_count.load();
      bool all = std::all_of(wave_.begin(), wave_.end(),
                             [](const Asked &a) { return a.answered(); });
      if (all)
        break;
      std::uint64_t now = sys::now_microseconds();
      if (now - began >= look_closer_after && give_up_waiting())
        break;
      if (now >= deadline_)
        return fail(Errc::unsynchronised);
      sys::wait(ack_count, count, 5'000);
    }
    wave_.clear();
    return {};
  }

  /// Whether every thread that has not answered is out of the way.
  bool give_up_waiting() {
    for (const Asked &asked : wave_) {
      if (!asked.answered() && !asked.is_out_of_the_way())
        return false;
    }
    acks_pending_ = true;
    return true;
  }

  static void pause(long microseconds) {
    std::atomic<std::uint32_t> nothing{0};
    sys::wait(nothing, 0, microseconds);
  }

  sys::ThreadList &threads_;
  ThreadSet &known_;
  KernelWorkers workers_;
  MEMSEAL_LARGE_MEMBER InlineVector<Asked, wave_size> wave_;
  std::uint64_t deadline_ = 0;
  sys::BootTicks began_ = 0;  // the filter is older
  bool again_ = false;        // one reading of the list is done
  bool acks_pending_ = false;
};

}  // namespace

Result<void> quiesce_threads(KernelWorkers workers) {
  auto threads = MEMSEAL_TRY(sys::ThreadList::open());
  auto known = MEMSEAL_TRY(ThreadSet::create());
  MEMSEAL_TRY_VOID(BorrowedSignal::take());
  Quiescer quiescer(threads, known, workers);
  Result<void> outcome = quiescer.run();
  if (!quiescer.acks_pending())
    BorrowedSignal::give_back();
  return outcome;
}

}  // namespace memseal
