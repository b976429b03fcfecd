// SPDX-License-Identifier: Apache-2.0
// Processes that do not hold still while they are attached to.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "support/in_child.h"
#include "sys/memory.h"
#include "tracer/attach.h"

namespace memseal::tracer {
namespace {

const Wanted everything{.object = [](std::string_view) { return true; }};

/// A child that runs `live` until the test ends.
template <typename Live>
pid_t start(Live live) {
  pid_t pid = fork();
  if (pid == 0) {
    alarm(60);
    live();
    _exit(0);
  }
  return pid;
}

/// Ends it if it runs. Returns how it had ended, -1 if it had not.
int end(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) == pid)
    return status;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return -1;
}

class MovingTargetTest : public testing::TestWithParam<Engine> {
protected:
  void SetUp() override {
#if !defined(__x86_64__)
    GTEST_SKIP() << "the tracer knows x86-64 only";
#endif
    if (GetParam() == Engine::native && !sys::has_mseal())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
};

TEST_P(MovingTargetTest, threads_that_come_and_go_are_all_bound) {
  for (int i = 0; i < 10; ++i) {
    pid_t pid = start([] {
      for (;;)
        std::thread([] { usleep(50); }).join();
    });
    usleep(2'000);
    auto attached = attach(pid, everything, GetParam());
    ASSERT_TRUE(attached) << sentence(attached.error());
    EXPECT_TRUE(attached->complete());
    auto process = process::Process::look(pid);
    ASSERT_TRUE(process);
    EXPECT_EQ(process->tracer, 0);
    usleep(2'000);
    EXPECT_EQ(end(pid), -1) << "it has died of it";
  }
}

TEST_P(MovingTargetTest, one_that_ends_meanwhile_ends_as_it_would_have) {
  for (int i = 0; i < 20; ++i) {
    pid_t pid = start([=] {
      usleep(static_cast<useconds_t>(i) * 100);
      _exit(7);
    });
    // In another process: who is tracer and parent at once is told of the end
    // only once.
    test::in_child([=] {
      auto attached = attach(pid, everything, GetParam());
      CHILD_ASSERT_TRUE(attached || !sentence(attached.error()).empty());
    });
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  }
}

TEST_P(MovingTargetTest, one_that_forks_all_the_time_goes_on) {
  pid_t pid = start([] {
    for (;;) {
      pid_t child = fork();
      if (child == 0)
        _exit(0);
      int status = 0;
      if (waitpid(child, &status, 0) != child || status != 0)
        _exit(9);
    }
  });
  for (int i = 0; i < 10; ++i) {
    auto attached = attach(pid, everything, GetParam());
    ASSERT_TRUE(attached) << sentence(attached.error());
  }
  usleep(5'000);
  EXPECT_EQ(end(pid), -1) << "a child or its answer was lost";
}

INSTANTIATE_TEST_SUITE_P(Engines, MovingTargetTest,
                         testing::Values(Engine::native, Engine::filter),
                         [](const auto &about) {
                           return about.param == Engine::native ? "native"
                                                                : "filter";
                         });

}  // namespace
}  // namespace memseal::tracer
