// SPDX-License-Identifier: Apache-2.0
// A check that fails in a child says which it was, as one of the test would.
#include "support/in_child.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

namespace memseal::test {
namespace {

int call(int outcome, int error = 0) {
  errno = error;
  return outcome;
}

/// The failures and skips that `act` adds to the test, one a line.
std::string failures_of(const std::function<void()> &act) {
  testing::TestPartResultArray results;
  {
    testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::
            INTERCEPT_ONLY_CURRENT_THREAD,
        &results);
    act();
  }
  std::string text;
  for (int i = 0; i < results.size(); ++i) {
    const auto &result = results.GetTestPartResult(i);
    std::string file = result.file_name() ? result.file_name() : "";
    std::string message = result.message();
    if (result.failed())
      text += file.substr(file.rfind('/') + 1) + ":" +
              std::to_string(result.line_number()) + ": " +
              message.substr(message.find('\n') + 1);
    else
      text += "skipped: " + message;
  }
  return text;
}

std::string failures_in_child(const std::function<void()> &body) {
  return failures_of([&] { in_child(body, 1); });
}

std::string at(int line, const std::string &text) {
  return "in_child_test.cc:" + std::to_string(line) + ": " + text;
}

TEST(InChild, adds_no_failure_if_every_check_holds) {
  EXPECT_EQ(failures_in_child([] {
              CHILD_ASSERT_EQ(2 + 2, 4);
              CHILD_ASSERT_EQ(std::string("a"), "a");
              CHILD_ASSERT_NE(call(0), -1);
              CHILD_ASSERT_LT(-1, 1U);
              CHILD_ASSERT_LE(1U, 1);
              CHILD_ASSERT_GT(1U, -1);
              CHILD_ASSERT_GE(1U, 1);
              CHILD_ASSERT_TRUE(true);
              CHILD_ASSERT_FALSE(false);
              CHILD_ASSERT_ERROR(call(-1, EPERM), EPERM);
              CHILD_ASSERT_ERROR(call(-1, EPERM) == 0 ? nullptr : MAP_FAILED,
                                 EPERM);
            }),
            "");
}

TEST(InChild, tells_both_values_the_file_and_the_line_of_a_failed_check) {
  int line = __LINE__ + 1;
  auto body = [] { CHILD_ASSERT_EQ(call(3), 1 + 1); };
  EXPECT_EQ(failures_in_child(body),
            at(line, "call(3): expected 1 + 1 (2), got 3"));
}

TEST(InChild, names_the_errno_that_came_and_the_one_expected) {
  int line = __LINE__ + 1;
  auto success = [] { CHILD_ASSERT_ERROR(call(0), EPERM); };
  EXPECT_EQ(failures_in_child(success),
            at(line, "call(0): expected EPERM, got 0"));
  line = __LINE__ + 1;
  auto other = [] { CHILD_ASSERT_ERROR(call(-1, EBUSY), EPERM); };
  EXPECT_EQ(failures_in_child(other),
            at(line, "call(-1, EBUSY): expected EPERM, got 16 (EBUSY)"));
  line = __LINE__ + 1;
  auto failure = [] { CHILD_ASSERT_EQ(call(-1, EBUSY), 0); };
  EXPECT_EQ(failures_in_child(failure),
            at(line, "call(-1, EBUSY): expected 0, got -1 (EBUSY)"));
}

TEST(InChild, fails_by_each_kind_of_check) {
  auto fails = [](const std::function<void()> &body, const char *with) {
    std::string text = failures_in_child(body);
    EXPECT_NE(text.find(with), std::string::npos) << text;
  };
  int three = 3;
  char letter = 'y';
  fails([&] { CHILD_ASSERT_NE(three, 3); },
        "three: expected anything but 3, got 3");
  fails([&] { CHILD_ASSERT_LT(three, 3); },
        "three: expected less than 3, got 3");
  fails([&] { CHILD_ASSERT_LE(three, -1); },
        "three: expected at most -1, got 3");
  fails([&] { CHILD_ASSERT_GT(three, 3); },
        "three: expected more than 3, got 3");
  fails([&] { CHILD_ASSERT_GE(three, 4); },
        "three: expected at least 4, got 3");
  fails([&] { CHILD_ASSERT_TRUE(three == 4); },
        "three == 4: expected true, got false");
  fails([&] { CHILD_ASSERT_FALSE(three == 3); },
        "three == 3: expected false, got true");
  fails([&] { CHILD_ASSERT_EQ(letter, 'x'); }, "letter: expected 'x', got 'y'");
  fails([&] { CHILD_ASSERT_EQ(std::string("b"), "a"); },
        R"(: expected "a", got "b")");
}

TEST(InChild, does_nothing_after_the_check_that_failed) {
  std::string text = failures_in_child([] {
    CHILD_ASSERT_EQ(1, 2);
    CHILD_ASSERT_EQ(3, 4);
  });
  EXPECT_NE(text.find("1: expected 2, got 1"), std::string::npos) << text;
  EXPECT_EQ(text.find("got 3"), std::string::npos) << text;
}

TEST(InChild, hears_of_checks_in_its_threads_and_in_its_own_children) {
  for (const auto &body : {std::function<void()>([] {
                             std::thread([] { CHILD_ASSERT_EQ(1, 2); }).join();
                           }),
                           std::function<void()>([] {
                             if (fork() == 0)
                               CHILD_ASSERT_EQ(1, 2);
                             wait(nullptr);
                           }),
                           std::function<void()>([] {
                             in_child([] { CHILD_ASSERT_EQ(1, 2); });
                             CHILD_ASSERT_EQ(3, 4);  // not reached
                           })}) {
    std::string text = failures_in_child(body);
    EXPECT_NE(text.find("1: expected 2, got 1"), std::string::npos) << text;
    EXPECT_EQ(text.find("got 3"), std::string::npos) << text;
  }
}

TEST(InChild, that_dies_or_hangs_tells_the_last_check_it_reached) {
  int line = __LINE__ + 2;
  std::string killed = failures_in_child([] {
    CHILD_ASSERT_EQ(1, 1);
    raise(SIGKILL);
  });
  std::string last = "in_child_test.cc:" + std::to_string(line);
  EXPECT_NE(killed.find("was ended by SIGKILL; its last check: "),
            std::string::npos)
      << killed;
  EXPECT_NE(killed.find(last), std::string::npos) << killed;
  std::string hung = failures_in_child([] { pause(); });
  EXPECT_NE(hung.find("ran over 1 s before any check"), std::string::npos)
      << hung;
  std::string left = failures_in_child([] { _exit(7); });
  EXPECT_NE(left.find("exited with 7"), std::string::npos) << left;
}

TEST(InChild, whose_outcome_is_asked_for_returns_it) {
  EXPECT_EQ(in_child([] { return 5; }), 5);
  EXPECT_EQ(in_child([]() -> int {
              raise(SIGKILL);
              return 0;
            }),
            1000 + SIGKILL);
  EXPECT_EQ(in_child(
                []() -> int {
                  pause();
                  return 0;
                },
                1),
            2000);
  std::string text = failures_of([] {
    EXPECT_EQ(in_child([] {
                CHILD_ASSERT_EQ(1, 2);
                return 5;
              }),
              99);
  });
  EXPECT_NE(text.find("1: expected 2, got 1"), std::string::npos) << text;
}

TEST(InChild, a_skip_is_no_failure) {
  EXPECT_EQ(failures_in_child([] { CHILD_SKIP("no such kernel"); }),
            "skipped: no such kernel");
}

}  // namespace
}  // namespace memseal::test
