// SPDX-License-Identifier: Apache-2.0
// Which threads can be brought under a seal, and how gently: S-72, S-73.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>

#include <atomic>
#include <functional>
#include <thread>

#include "seal/companion.h"
#include "seal/support.h"
#include "sys/threads.h"

namespace memseal::test {
namespace {

TEST(AThreadThatBlocksTheSignal, MakesTheCallFailBeforeAnythingIsSealed) {
  in_child([] {
    char *at = fresh_pages(1);
    Companion deaf([] { block_raw(SIG_BLOCK); });
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MAPPING, 0), EBUSY);
    CHILD_ASSERT_EQ(munmap(at, page), 0);
    deaf.finish();
    char *twin = fresh_pages(1);  // control: it was that thread
    Companion listening([] {});
    CHILD_ASSERT_EQ(memseal(twin, page, MEMSEAL_MAPPING, 0), 0);
    listening.finish();
    CHILD_ASSERT_ERROR(munmap(twin, page), EPERM);
  });
}

TEST(AThreadThatBlocksTheSignal, IsNoMatterForTheNativeEngine) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  in_child([] {
    char *at = fresh_pages(1);
    Companion deaf([] { block_raw(SIG_BLOCK); });
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_NATIVE), 0);
    deaf.finish();
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

TEST(AThreadThatBlocksTheSignalForAMoment, IsWaitedFor) {
  in_child([] {
    char *at = fresh_pages(1);
    std::atomic<bool> blocked{false};
    std::thread slow([&] {
      block_raw(SIG_BLOCK);
      blocked = true;
      usleep(50'000);
      block_raw(SIG_UNBLOCK);
      usleep(50'000);
    });
    while (!blocked)
      usleep(100);
    int outcome = memseal(at, page, MEMSEAL_MAPPING, 0);
    slow.join();
    CHILD_ASSERT_EQ(outcome, 0);
  });
}

TEST(AThreadThatBlocksEverythingItCanByLibc, IsReachedAllTheSame) {
  in_child([] {
    char *at = fresh_pages(1);
    Companion worker([] {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, nullptr);
    });
    int outcome = memseal(at, page, MEMSEAL_MAPPING, 0);
    worker.finish();
    CHILD_ASSERT_EQ(outcome, 0);
  });
}

TEST(AThreadWithAFilterOfItsOwn, MakesTheCallFailBeforeAnythingIsSealed) {
  in_child([] {
    char *at = fresh_pages(1);
    Companion diverged([] {
      sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
      sock_fprog program = {1, &allow};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      CHILD_ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    });
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MAPPING, 0), EBUSY);
    CHILD_ASSERT_EQ(munmap(at, page), 0);
    diverged.finish();
    char *twin = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(twin, page, MEMSEAL_MAPPING, 0), 0);
  });
}

/// Waits until the thread sleeps in this call.
void wait_until_in_call(const std::atomic<int> &tid, long number) {
  while (tid == 0 || sys::sleeping_in_call(tid).value_or(-1) != number)
    usleep(100);
}

TEST(AThreadAsleepInAHarmlessCall, IsNotInterrupted) {
  in_child([] {
    std::atomic<int> tid{0}, outcome{-1};
    std::thread sleeper([&] {
      tid = static_cast<int>(syscall(SYS_gettid));
      timespec half{0, 500'000'000};
      outcome = nanosleep(&half, nullptr);  // SA_RESTART does not restart it
    });
    wait_until_in_call(tid, SYS_clock_nanosleep);
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    CHILD_ASSERT_EQ(outcome.load(), -1);  // it sleeps still
    sleeper.join();
    CHILD_ASSERT_EQ(outcome.load(), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

/// So that only a call that waits for it takes it.
void block_usr1() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

TEST(AThreadThatWaitsForEverySignal, IsNotHandedOurs) {
  in_child([] {
    std::atomic<int> tid{0}, got{-1};
    std::thread waiter([&] {
      block_usr1();
      tid = static_cast<int>(syscall(SYS_gettid));
      sys::SignalSet all = ~sys::SignalSet{0};
      got = static_cast<int>(
          syscall(SYS_rt_sigtimedwait, &all, nullptr, nullptr, sizeof all));
    });
    wait_until_in_call(tid, SYS_rt_sigtimedwait);
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    CHILD_ASSERT_EQ(got.load(), -1);
    syscall(SYS_tgkill, getpid(), tid.load(), SIGUSR1);
    waiter.join();
    CHILD_ASSERT_EQ(got.load(), SIGUSR1);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

#if defined(__x86_64__)
// The number of this call, of which /proc does not tell that it is i386's, says
// nothing about mappings: so the thread is asked.
constexpr int i386_rt_sigtimedwait = 177;

int wait_by_int80(const sys::SignalSet *set) {
  int got = i386_rt_sigtimedwait;
  asm volatile("int $0x80"
               : "+a"(got)
               : "b"(set), "c"(nullptr), "d"(nullptr), "S"(sizeof *set)
               : "memory", "r8", "r9", "r10", "r11");
  return got;
}

TEST(AThreadThatTakesOurSignalByWaitingForIt, IsNotWaitedForAnyLonger) {
  in_child([] {
    auto *set = static_cast<sys::SignalSet *>(
        mmap(nullptr, page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    *set = ~sys::SignalSet{0};
    std::atomic<int> tid{0}, got{-1};
    std::atomic<bool> sealed{false};
    std::thread waiter([&] {
      tid = static_cast<int>(syscall(SYS_gettid));
      got = wait_by_int80(set);
      while (!sealed) {
      }
    });
    while (tid == 0)
      usleep(100);
    usleep(50'000);
    if (got == -ENOSYS)
      CHILD_SKIP("this kernel runs no i386 calls");
    wait_until_in_call(tid, i386_rt_sigtimedwait);
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    sealed = true;
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    waiter.join();
    CHILD_ASSERT_EQ(got.load(), quiesce_signal);  // so it was asked
  });
}
#endif

/// A thread that the kernel makes for a virtual machine: it blocks every
/// signal. False if this kernel has none.
bool make_kernel_worker() {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  int machine = ioctl(kvm, KVM_CREATE_VM, 0);
  int processor = ioctl(machine, KVM_CREATE_VCPU, 0);
  if (processor < 0)
    return false;
  ioctl(processor, KVM_RUN, 0);  // fails: there is nothing to run
  auto threads = sys::ThreadList::open();
  while (auto tid = threads->next()) {
    if (!*tid)
      return false;
    auto state = sys::thread_state(**tid);
    if (state && (state->blocked & sys::signal_bit(quiesce_signal)) != 0)
      return true;
  }
  return false;
}

TEST(AKernelsOwnThread, IsNoObstacle) {
  in_child([] {
    if (!make_kernel_worker())
      CHILD_SKIP("KVM makes no thread here (Linux 6.14)");
    for (int i = 0; i < 3; ++i) {
      char *at = fresh_pages(1);
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    }
    // It is no ring, of which memseal would have to warn.
    memseal_info info{};
    info.size = sizeof info;
    CHILD_ASSERT_EQ(memseal_query(nullptr, &info), 0);
    CHILD_ASSERT_EQ(info.open & MEMSEAL_OPEN_OLDER_RING, 0u);
  });
}

/// Runs `body` in a process whose /proc is that of its parent's PID namespace.
void under_foreign_proc(const std::function<void()> &body) {
  in_child([&] {
    if (unshare(CLONE_NEWPID) != 0 &&
        unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
      CHILD_SKIP("no PID namespace may be made here");
    in_child(body);
  });
}

TEST(WhereProcHasOtherIds, AProcessWithThreadsCannotSealByFilter) {
  under_foreign_proc([] {
    char *at = fresh_pages(1), *twin = fresh_pages(1);
    {
      Companion other([] {});
      CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER),
                         EBUSY);
      // Nothing has changed: there is no filter, the page is not sealed.
      CHILD_ASSERT_EQ(prctl(PR_GET_SECCOMP), 0);
      CHILD_ASSERT_EQ(munmap(at, page), 0);
      other.finish();
    }
    // The control: it was the threads. One that was joined is still counted
    // until the kernel has taken it down.
    int sealed = -1;
    for (int look = 0; look < 1000 && sealed != 0; ++look) {
      sealed = memseal(twin, page, MEMSEAL_MAPPING, MEMSEAL_FILTER);
      if (sealed != 0)
        usleep(5000);
    }
    CHILD_ASSERT_EQ(sealed, 0);
    CHILD_ASSERT_ERROR(munmap(twin, page), EPERM);
  });
}

}  // namespace
}  // namespace memseal::test
