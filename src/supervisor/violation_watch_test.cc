// SPDX-License-Identifier: Apache-2.0
#include "supervisor/violation_watch.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace memseal::supervisor {
namespace {

using report::CallOutcome;
using report::Violation;

const Verdict refused{.kind = Verdict::Kind::answer,
                      .value = -EPERM,
                      .violation = true,
                      .version = 1};

class ViolationWatchTest : public testing::Test {
protected:
  /// A violation of this very thread.
  Verdict taken(ViolationWatch &watch, bool still_waits = true) {
    seccomp_data data{};
    data.nr = SYS_munmap;
    data.arch = native_arch;
    data.args[0] = 0x10000;
    data.args[1] = 4096;
    return watch.take(getpid(), data, decode(data, 4096), refused,
                      [=] { return still_waits; });
  }
  ViolationWatch watch(OnViolation on_violation) {
    return {threads_,
            {.on_violation = on_violation,
             .tell =
                 [this](const Violation &one) {
                   told_.push_back(one.outcome);
                   errors_.push_back(one.sys_errno);
                   call_ = one.text;
                   pid_ = one.pid;
                 },
             .ranges_of = [](pid_t) -> std::vector<report::SealedRange> {
               return {};
             }}};
  }

  ThreadTable threads_;
  std::vector<CallOutcome> told_;
  std::vector<int> errors_;
  std::string call_;
  int pid_ = 0;
};

TEST_F(ViolationWatchTest, tells_of_a_call_that_stays_refused) {
  auto report = watch(OnViolation::report);
  EXPECT_EQ(taken(report).error(), EPERM);
  EXPECT_EQ(told_, std::vector{CallOutcome::denied});
  EXPECT_EQ(errors_, std::vector{EPERM});
  EXPECT_EQ(call_, "munmap(0x10000, 4096)");
  EXPECT_EQ(pid_, getpid());
  EXPECT_EQ(report.counts().violations, 1u);
}

TEST_F(ViolationWatchTest, lets_a_call_go_on_where_violations_are_permitted) {
  auto trace = watch(OnViolation::permit);
  EXPECT_EQ(taken(trace).kind, Verdict::Kind::proceed);
  EXPECT_EQ(told_, std::vector{CallOutcome::permitted});
  EXPECT_EQ(errors_, std::vector{0});
}

TEST_F(ViolationWatchTest, tells_nothing_of_a_thread_that_has_ended) {
  auto report = watch(OnViolation::report);
  EXPECT_EQ(taken(report, false).error(), EPERM);
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(report.counts().violations, 0u);
  EXPECT_EQ(report.counts().vanished, 1u);
}

TEST_F(ViolationWatchTest, refuses_all_the_same_without_memory_to_tell) {
  ViolationWatch report(
      threads_,
      {.on_violation = OnViolation::report,
       .tell = [](const Violation &) { throw std::bad_alloc(); },
       .ranges_of = [](pid_t) { return std::vector<report::SealedRange>(); }});
  EXPECT_EQ(taken(report).error(), EPERM);
  EXPECT_EQ(report.counts().lost, 1u);
}

}  // namespace
}  // namespace memseal::supervisor
