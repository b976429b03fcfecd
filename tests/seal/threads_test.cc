// SPDX-License-Identifier: Apache-2.0
// Threads, signals and forks around a seal: S-70 … S-74, S-77.
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "seal/companion.h"
#include "seal/support.h"

namespace memseal::test {
namespace {

// One commit is one filter, and the kernel has room for some forty of them: the
// tests that seal over and over stay below that.

TEST(ASeal, BindsOtherThreadsAndThoseToCome) {
  in_child([] {
    char *at = fresh_pages(1), *twin = fresh_pages(1);
    Companion old([] {},
                  [=] {
                    CHILD_ASSERT_EQ(munmap(twin, page), 0);
                    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
                  });
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    old.finish();
    Companion young([] {},
                    [=] { CHILD_ASSERT_ERROR(munmap(at, page), EPERM); });
    young.finish();
  });
}

TEST(AMainThreadThatHasEnded, DoesNotStopOthersFromSealing) {
  in_child([] {
    std::thread([] {
      usleep(50'000);  // the first thread is a zombie in /proc/self/task now
      char *at = fresh_pages(1);
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
      _exit(0);
    }).detach();
    // pthread_exit would unwind through the test program's own frames.
    syscall(SYS_exit, 0);
    CHILD_FAIL("the first thread goes on");
  });
}

TEST(TheBorrowedSignal, IsGivenBack) {
  in_child([] {
    Companion other([] {});
    auto before = sys::signal_action(quiesce_signal);
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    auto after = sys::signal_action(quiesce_signal);
    CHILD_ASSERT_TRUE(before);
    CHILD_ASSERT_TRUE(after);
    CHILD_ASSERT_EQ(*before, *after);
    // glibc sends the same signal to every thread for this.
    CHILD_ASSERT_EQ(setgid(getgid()), 0);
    other.finish();
  });
}

TEST(TheBorrowedSignal, StillDoesItsWorkForLibcWhileItIsBorrowed) {
  in_child([] {
    Companion other([] {});
    std::atomic<bool> end{false};
    std::thread identity([&] {
      while (!end) {
        CHILD_ASSERT_EQ(setgid(getgid()), 0);
        // Without a pause the other thread does nothing but run
        // libc's handler, which blocks the signal: on two emulated
        // processors each look may find it there (S-72).
        usleep(200);
      }
    });
    for (int i = 0; i < 50; ++i)
      CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, 0), 0);
    end = true;
    identity.join();
    other.finish();
  });
}

TEST(ManyThreads, AreAllReached) {
  in_child([] {
    std::vector<std::unique_ptr<Companion>> crowd;
    char *at = fresh_pages(1);
    for (int i = 0; i < 150; ++i)
      crowd.push_back(std::make_unique<Companion>(
          [] {}, [=] { CHILD_ASSERT_ERROR(munmap(at, page), EPERM); }));
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    for (auto &each : crowd)
      each->finish();
  });
}

TEST(ThreadsThatComeAndGo, DoNotDisturbASeal) {
  in_child([] {
    std::atomic<bool> end{false};
    std::vector<std::thread> makers;
    for (int i = 0; i < 3; ++i)
      makers.emplace_back([&] {
        while (!end)
          std::thread([] {}).join();
      });
    for (int i = 0; i < 50; ++i) {
      char *at = fresh_pages(1);
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    }
    end = true;
    for (std::thread &maker : makers)
      maker.join();
  });
}

class Together : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(Together);

bool is_known_as_sealed(const char *at) {
  memseal_info info{};
  info.size = sizeof info;
  return memseal_query(at, &info) == 0 && info.types == MEMSEAL_ALL;
}

// Each makes a register, or finds one that another is making; one remains.
TEST_P(Together, ThreadsMayBeFirst) {
  unsigned e = engine();
  for (int i = 0; i < 50; ++i) {
    in_child([e] {
      std::atomic<int> waiting{4};
      std::vector<std::thread> sealers;
      for (int t = 0; t < 4; ++t)
        sealers.emplace_back([&] {
          char *at = fresh_pages(1);
          --waiting;
          while (waiting != 0) {
          }
          CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, e), 0);
          CHILD_ASSERT_TRUE(is_known_as_sealed(at));
        });
      for (std::thread &sealer : sealers)
        sealer.join();
    });
  }
}

TEST_P(Together, ThreadsMaySeal) {
  unsigned e = engine();
  in_child([e] {
    std::vector<std::thread> sealers;
    for (int t = 0; t < 4; ++t)
      sealers.emplace_back([&] {
        for (int i = 0; i < 6; ++i) {
          char *at = fresh_pages(1);
          CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, e), 0);
          CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
          CHILD_ASSERT_TRUE(is_known_as_sealed(at));
        }
      });
    for (std::thread &sealer : sealers)
      sealer.join();
  });
}

unsigned handler_engine;
std::atomic<int> handled{0};

void seal_in_handler(int) {
  int before = errno;
  if (handled < 10) {
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, handler_engine), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  }
  ++handled;
  errno = before;
}

TEST_P(Together, ASignalHandlerMaySealWhatItInterrupted) {
  unsigned e = engine();
  in_child([e] {
    handler_engine = e;
    struct sigaction action {};
    action.sa_handler = seal_in_handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    std::thread other([] { usleep(30'000); });
    sigevent to_us{};
    to_us.sigev_signo = SIGUSR1;
    timer_t timer;
    itimerspec soon{{0, 300'000}, {0, 300'000}};
    CHILD_ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &to_us, &timer), 0);
    CHILD_ASSERT_EQ(timer_settime(timer, 0, &soon, nullptr), 0);
    for (int i = 0; i < 15; ++i)
      CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_ALL, e), 0);
    while (handled < 5)
      usleep(100);
    timer_delete(timer);
    other.join();
  });
}

TEST_P(Together, AChildForkedDuringASealMaySealToo) {
  unsigned e = engine();
  in_child([e] {
    std::atomic<bool> end{false};
    std::thread sealer([&] {
      for (int i = 0; i < 20 && !end; ++i)
        CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_ALL, e), 0);
      while (!end)
        usleep(100);
    });
    for (int i = 0; i < 40; ++i) {
      pid_t child = fork();
      if (child == 0) {
        alarm(10);  // a lock that stayed shut would wait for ever
        char *at = fresh_pages(1);
        CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, e), 0);
        CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      CHILD_ASSERT_EQ(status, 0);
    }
    end = true;
    sealer.join();
  });
}

TEST_P(Together, AForkedChildInheritsSealsAndRegister) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(1), *twin = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, e), 0);
    in_child([=] {
      memseal_info info{};
      info.size = sizeof info;
      CHILD_ASSERT_EQ(memseal_query(at, &info), 0);
      CHILD_ASSERT_EQ(info.types, MEMSEAL_ALL);
      CHILD_ASSERT_EQ(munmap(twin, page), 0);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    });
  });
}

}  // namespace
}  // namespace memseal::test
