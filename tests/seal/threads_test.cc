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
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1), *twin = fresh_pages(1);
              Companion old([] {},
                            [=] {
                              if (munmap(twin, page) != 0)
                                return 1;
                              return refused(munmap(at, page), EPERM) ? 0 : 2;
                            });
              if (memseal(at, page, MEMSEAL_MAPPING, 0) != 0)
                return 1;
              if (old.finish() != 0)
                return 2;
              Companion young(
                  [] {},
                  [=] { return refused(munmap(at, page), EPERM) ? 0 : 1; });
              return young.finish() == 0 ? 0 : 3;
            }),
            0);
}

TEST(AMainThreadThatHasEnded, DoesNotStopOthersFromSealing) {
  EXPECT_EQ(
      in_child([] {
        std::thread([] {
          usleep(
              50'000);  // the first thread is a zombie in /proc/self/task now
          char *at = fresh_pages(1);
          if (memseal(at, page, MEMSEAL_MAPPING, 0) != 0)
            _exit(1);
          _exit(refused(munmap(at, page), EPERM) ? 0 : 2);
        }).detach();
        // pthread_exit would unwind through the test program's own frames.
        syscall(SYS_exit, 0);
        return 3;
      }),
      0);
}

TEST(TheBorrowedSignal, IsGivenBack) {
  EXPECT_EQ(in_child([] {
              Companion other([] {});
              auto before = sys::signal_action(quiesce_signal);
              char *at = fresh_pages(1);
              if (memseal(at, page, MEMSEAL_MAPPING, 0) != 0)
                return 1;
              auto after = sys::signal_action(quiesce_signal);
              if (!before || !after || *before != *after)
                return 2;
              // glibc sends the same signal to every thread for this.
              if (setgid(getgid()) != 0)
                return 3;
              other.finish();
              return 0;
            }),
            0);
}

TEST(TheBorrowedSignal, StillDoesItsWorkForLibcWhileItIsBorrowed) {
  EXPECT_EQ(in_child([] {
              Companion other([] {});
              std::atomic<bool> end{false};
              std::atomic<int> failed{0};
              std::thread identity([&] {
                while (!end) {
                  failed += setgid(getgid()) != 0;
                  // Without a pause the other thread does nothing but run
                  // libc's handler, which blocks the signal: on two emulated
                  // processors each look may find it there (S-72).
                  usleep(200);
                }
              });
              int error = 0;
              for (int i = 0; i < 50 && error == 0; ++i) {
                char *at = fresh_pages(1);
                if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0)
                  error = errno;
              }
              end = true;
              identity.join();
              other.finish();
              return failed == 0 ? error : 1;
            }),
            0);
}

TEST(ManyThreads, AreAllReached) {
  EXPECT_EQ(
      in_child([] {
        std::vector<std::unique_ptr<Companion>> crowd;
        char *at = fresh_pages(1);
        for (int i = 0; i < 150; ++i)
          crowd.push_back(std::make_unique<Companion>(
              [] {}, [=] { return refused(munmap(at, page), EPERM) ? 0 : 1; }));
        if (memseal(at, page, MEMSEAL_MAPPING, 0) != 0)
          return 1;
        for (auto &each : crowd) {
          if (each->finish() != 0)
            return 2;
        }
        return 0;
      }),
      0);
}

TEST(ThreadsThatComeAndGo, DoNotDisturbASeal) {
  EXPECT_EQ(in_child([] {
              std::atomic<bool> end{false};
              std::vector<std::thread> makers;
              for (int i = 0; i < 3; ++i)
                makers.emplace_back([&] {
                  while (!end)
                    std::thread([] {}).join();
                });
              int error = 0;
              for (int i = 0; i < 50 && error == 0; ++i) {
                char *at = fresh_pages(1);
                if (memseal(at, page, MEMSEAL_MAPPING, 0) != 0)
                  error = errno;
                else if (!refused(munmap(at, page), EPERM))
                  error = 255;
              }
              end = true;
              for (std::thread &maker : makers)
                maker.join();
              return error;
            }),
            0);
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
    ASSERT_EQ(in_child([e] {
                std::atomic<int> waiting{4}, wrong{0};
                std::vector<std::thread> sealers;
                for (int t = 0; t < 4; ++t)
                  sealers.emplace_back([&] {
                    char *at = fresh_pages(1);
                    --waiting;
                    while (waiting != 0) {
                    }
                    if (memseal(at, page, MEMSEAL_ALL, e) != 0)
                      ++wrong;
                    if (!is_known_as_sealed(at))
                      ++wrong;
                  });
                for (std::thread &sealer : sealers)
                  sealer.join();
                return wrong.load();
              }),
              0);
  }
}

TEST_P(Together, ThreadsMaySeal) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              std::atomic<int> wrong{0};
              std::vector<std::thread> sealers;
              for (int t = 0; t < 4; ++t)
                sealers.emplace_back([&] {
                  for (int i = 0; i < 6; ++i) {
                    char *at = fresh_pages(1);
                    if (memseal(at, page, MEMSEAL_ALL, e) != 0 ||
                        !refused(munmap(at, page), EPERM))
                      ++wrong;
                    if (!is_known_as_sealed(at))
                      ++wrong;
                  }
                });
              for (std::thread &sealer : sealers)
                sealer.join();
              return wrong.load();
            }),
            0);
}

unsigned x_handler_engine;
std::atomic<int> x_handled{0}, x_handler_failed{0};

void seal_in_handler(int) {
  int before = errno;
  if (x_handled < 10) {
    char *at = fresh_pages(1);
    if (memseal(at, page, MEMSEAL_ALL, x_handler_engine) != 0 ||
        !refused(munmap(at, page), EPERM))
      ++x_handler_failed;
  }
  ++x_handled;
  errno = before;
}

TEST_P(Together, ASignalHandlerMaySealWhatItInterrupted) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              x_handler_engine = e;
              struct sigaction action {};
              action.sa_handler = seal_in_handler;
              action.sa_flags = SA_RESTART;
              sigaction(SIGUSR1, &action, nullptr);
              std::thread other([] { usleep(30'000); });
              sigevent to_us{};
              to_us.sigev_signo = SIGUSR1;
              timer_t timer;
              itimerspec soon{{0, 300'000}, {0, 300'000}};
              if (timer_create(CLOCK_MONOTONIC, &to_us, &timer) != 0 ||
                  timer_settime(timer, 0, &soon, nullptr) != 0)
                return 100;
              int failed = 0;
              for (int i = 0; i < 15; ++i) {
                char *at = fresh_pages(1);
                if (memseal(at, page, MEMSEAL_ALL, e) != 0)
                  ++failed;
              }
              while (x_handled < 5)
                usleep(100);
              timer_delete(timer);
              other.join();
              return failed + 10 * x_handler_failed;
            }),
            0);
}

TEST_P(Together, AChildForkedDuringASealMaySealToo) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              std::atomic<bool> end{false};
              std::atomic<int> failed{0};
              std::thread sealer([&] {
                for (int i = 0; i < 20 && !end; ++i) {
                  char *at = fresh_pages(1);
                  failed += memseal(at, page, MEMSEAL_ALL, e) != 0;
                }
                while (!end)
                  usleep(100);
              });
              int wrong = 0;
              for (int i = 0; i < 40; ++i) {
                pid_t child = fork();
                if (child == 0) {
                  alarm(10);  // a lock that stayed shut would wait for ever
                  char *at = fresh_pages(1);
                  if (memseal(at, page, MEMSEAL_ALL, e) != 0)
                    _exit(1);
                  _exit(refused(munmap(at, page), EPERM) ? 0 : 2);
                }
                int status = 0;
                waitpid(child, &status, 0);
                wrong += status != 0;
              }
              end = true;
              sealer.join();
              return wrong + failed;
            }),
            0);
}

TEST_P(Together, AForkedChildInheritsSealsAndRegister) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(1), *twin = fresh_pages(1);
              if (memseal(at, page, MEMSEAL_ALL, e) != 0)
                return 1;
              return in_child([=] {
                memseal_info info{};
                info.size = sizeof info;
                if (memseal_query(at, &info) != 0 || info.types != MEMSEAL_ALL)
                  return 2;
                if (munmap(twin, page) != 0)
                  return 3;
                return refused(munmap(at, page), EPERM) ? 0 : 4;
              });
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
