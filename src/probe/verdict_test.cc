// SPDX-License-Identifier: Apache-2.0
#include "probe/verdict.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>

namespace memseal::probe {
namespace {

constexpr long works = 0, refuses = -EPERM;

/// The verdict, where the same attack on unsealed memory answers `control`.
Trial judged(Observation seen, long control = works) {
  return judge(seen, [=] { return control; });
}
Observation answered(long answer) {
  return {.outcome = {.answer = answer}};
}
Observation changed(long answer) {
  Observation seen = answered(answer);
  seen.bytes_changed = true;
  return seen;
}

TEST(Verdict, a_refusal_that_changes_nothing_is_held) {
  Trial trial = judged(answered(-EPERM));
  EXPECT_EQ(trial.verdict, Verdict::held);
  EXPECT_EQ(trial.detail, "EPERM");
}

TEST(Verdict, what_changed_is_open_whatever_was_answered) {
  EXPECT_EQ(judged(changed(0)).verdict, Verdict::open);
  EXPECT_EQ(judged(changed(0)).detail, "bytes changed");
  EXPECT_EQ(judged(changed(-EPERM)).verdict, Verdict::open);
  EXPECT_EQ(judged(changed(-EPERM)).detail, "EPERM, but bytes changed");
  EXPECT_EQ(judged(changed(-EINVAL)).verdict, Verdict::open);
  Observation moved = answered(0);
  moved.mapping_changed = true;
  EXPECT_EQ(judged(moved).verdict, Verdict::open);
  EXPECT_EQ(judged(moved).detail, "mapping changed");
}

TEST(Verdict, success_without_a_trace_is_open_only_if_there_can_be_none) {
  Observation seen = answered(0);
  EXPECT_EQ(judged(seen).verdict, Verdict::without_effect);
  seen.effect = Effect::implied;
  EXPECT_EQ(judged(seen).verdict, Verdict::open);
  EXPECT_EQ(judged(seen).detail, "succeeds");
  EXPECT_EQ(judged(answered(4096)).verdict, Verdict::without_effect);
}

TEST(Verdict, another_error_is_the_kernels_own) {
  for (int error : {EINVAL, ENOMEM, ENOSYS, EACCES, EFAULT}) {
    Trial trial = judged(answered(-error));
    EXPECT_EQ(trial.verdict, Verdict::not_applicable);
    EXPECT_EQ(trial.detail, errno_name(error));
  }
}

// S-49: a base filter refuses wherever an attack points.
TEST(Verdict, a_refusal_on_any_memory_is_a_seals_only_if_it_was_promised) {
  Observation seen = answered(-EPERM);
  EXPECT_EQ(judged(seen, refuses).verdict, Verdict::not_applicable);
  EXPECT_EQ(judged(seen, refuses).detail, "EPERM, on any memory");
  seen.promised = true;
  EXPECT_EQ(judged(seen, refuses).verdict, Verdict::held);
  EXPECT_EQ(judged(seen, -EINVAL).verdict, Verdict::held);
}

TEST(Verdict, the_control_is_tried_only_where_it_decides) {
  bool asked = false;
  auto control = [&] {
    asked = true;
    return works;
  };
  for (const Observation &seen :
       {answered(0), changed(-EPERM), answered(-EINVAL)})
    judge(seen, control);
  EXPECT_FALSE(asked);
  judge(answered(-EPERM), control);
  EXPECT_TRUE(asked);
}

TEST(Verdict, a_filter_that_kills_or_traps_holds) {
  Trial killed = judged({.outcome = {.died_of = SIGSYS}});
  EXPECT_EQ(killed.verdict, Verdict::held);
  EXPECT_EQ(killed.detail, "killed by SIGSYS");
  Trial trapped = judged({.outcome = {.answer = -EPERM, .trapped_by = SIGSYS}});
  EXPECT_EQ(trapped.verdict, Verdict::held);
  EXPECT_EQ(trapped.detail, "SIGSYS");
}

TEST(Verdict, a_copy_that_died_of_something_else_proves_nothing) {
  for (int signal : {SIGKILL, SIGSEGV, SIGBUS}) {
    Trial trial = judged({.outcome = {.died_of = signal}, .promised = true});
    EXPECT_EQ(trial.verdict, Verdict::unknown);
    EXPECT_TRUE(trial.promised);
  }
}

TEST(Verdict, keeps_what_was_promised) {
  for (bool promised : {false, true}) {
    Observation seen = answered(0);
    seen.promised = promised;
    EXPECT_EQ(judged(seen).promised, promised);
  }
}

TEST(Verdict, an_errno_has_its_name) {
  EXPECT_EQ(errno_name(EPERM), "EPERM");
  EXPECT_EQ(errno_name(4711), "errno 4711");
}

}  // namespace
}  // namespace memseal::probe
