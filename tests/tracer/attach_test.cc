// SPDX-License-Identifier: Apache-2.0
#include "tracer/attach.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process/proc_files.h"
#include "support/in_child.h"
#include "sys/memory.h"
#include "tracer/stopped_process.h"
#include "tracer/victim.h"

namespace memseal::tracer {
namespace {

using test::Victim;

const Wanted everything{.object = [](std::string_view) { return true; }};

bool is_sealed(pid_t pid, const SealPlan &plan) {
  auto space = process::Mappings::read(pid, sys::ReadSeals::with_seals);
  if (!space || plan.ranges.empty())
    return false;
  for (const PlannedRange &planned : plan.ranges) {
    if (!space->all_sealed(planned.range))
      return false;
  }
  return true;
}

bool has_part(const SealPlan &plan, std::string_view part,
              std::string_view object) {
  for (const PlannedRange &planned : plan.ranges) {
    if (planned.segment == part &&
        planned.object.find(object) != std::string::npos)
      return true;
  }
  return false;
}

class AttachTest : public testing::Test {
protected:
  void SetUp() override {
#if !defined(__x86_64__)
    GTEST_SKIP() << "the tracer knows x86-64 only";
#endif
    if (!sys::has_mseal())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
};

TEST_F(AttachTest, seals_objects_vdso_and_vvar_of_a_running_process) {
  Victim victim;
  auto planned = plan_attach(victim.pid(), everything);
  ASSERT_TRUE(planned) << sentence(planned.error());
  EXPECT_FALSE(is_sealed(victim.pid(), planned->plan));  // a plan does nothing

  auto attached = attach(victim.pid(), everything);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(attached->complete());
  EXPECT_TRUE(is_sealed(victim.pid(), attached->plan));
  EXPECT_EQ(attached->threads, 5u);
  for (const char *part : {"text", "rodata", "relro"}) {
    EXPECT_TRUE(has_part(attached->plan, part, "test_tracer")) << part;
    EXPECT_TRUE(has_part(attached->plan, part, "libc.so")) << part;
  }
  EXPECT_TRUE(has_part(attached->plan, "vdso", "[vdso]"));
  EXPECT_TRUE(has_part(attached->plan, "vvar", "[vvar]"));
  EXPECT_EQ(victim.mprotect_answer(), EPERM);
  EXPECT_TRUE(victim.gets_on());
}

TEST_F(AttachTest, without_it_the_same_process_may_change_its_text) {
  Victim victim;
  EXPECT_EQ(victim.mprotect_answer(), 0);
}

TEST_F(AttachTest, doing_it_again_makes_no_call) {
  Victim victim;
  auto first = attach(victim.pid(), everything);
  ASSERT_TRUE(first) << sentence(first.error());
  EXPECT_GT(first->calls, 0u);
  auto second = attach(victim.pid(), everything);
  ASSERT_TRUE(second) << sentence(second.error());
  EXPECT_EQ(second->calls, 0u);
  EXPECT_EQ(second->plan.bytes(), first->plan.bytes());
  EXPECT_TRUE(second->complete());
}

TEST_F(AttachTest, objects_that_are_not_selected_stay_open) {
  Victim victim;
  auto attached =
      attach(victim.pid(), {.object = [](std::string_view object) {
               return object.find("libc.so") != std::string_view::npos;
             }});
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(has_part(attached->plan, "text", "libc.so"));
  EXPECT_EQ(victim.mprotect_answer(), 0);  // the program's own text
}

TEST_F(AttachTest, segments_that_are_not_wanted_stay_open) {
  Victim victim;
  Wanted wanted = everything;
  wanted.segments = {.text = false, .rodata = true, .relro = true};
  auto attached = attach(victim.pid(), wanted);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(has_part(attached->plan, "relro", "libc.so"));
  EXPECT_FALSE(has_part(attached->plan, "text", "libc.so"));
  EXPECT_FALSE(has_part(attached->plan, "vdso", "[vdso]"));
  EXPECT_TRUE(has_part(attached->plan, "vvar", "[vvar]"));
  EXPECT_EQ(victim.mprotect_answer(), 0);  // the program's own text
  EXPECT_TRUE(
      std::ranges::any_of(attached->plan.left_out, [](const LeftOut &left) {
        return left.segment == "text" &&
               left.outcome.reason == report::Reason::segment_left_out;
      }));
  // The control twin: wanted, it is refused.
  Victim twin;
  ASSERT_TRUE(attach(twin.pid(), everything));
  EXPECT_EQ(twin.mprotect_answer(), EPERM);
}

TEST_F(AttachTest, leaves_nothing_behind_in_the_padding_of_the_vdso) {
  Victim victim;
  ASSERT_TRUE(attach(victim.pid(), everything));
  auto space = process::Mappings::read(victim.pid(), sys::ReadSeals::without);
  auto memory = process::RemoteMemory::open(victim.pid());
  ASSERT_TRUE(space && memory);
  auto padding = find_code_padding(*space, *memory);
  ASSERT_TRUE(padding);
  std::vector<std::byte> bytes(padding->size);
  ASSERT_TRUE(memory->read(padding->begin, bytes));
  EXPECT_EQ(bytes, std::vector<std::byte>(padding->size));
}

TEST_F(AttachTest, waiting_threads_see_no_interruption) {
  Victim victim;
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(attach(victim.pid(), everything));
  ASSERT_TRUE(victim.gets_on());
  EXPECT_EQ(victim.diary().interrupted, 0u);
}

TEST_F(AttachTest, a_plain_ptrace_stop_would_interrupt_them) {
  Victim victim;
  auto process = process::Process::look(victim.pid());
  ASSERT_TRUE(process);
  for (pid_t tid : process::thread_ids(process->pid)) {
    ASSERT_EQ(ptrace(PTRACE_SEIZE, tid, nullptr, nullptr), 0);
    ASSERT_EQ(ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr), 0);
    ASSERT_EQ(waitpid(tid, nullptr, __WALL), tid);
    ASSERT_EQ(ptrace(PTRACE_DETACH, tid, nullptr, nullptr), 0);
  }
  ASSERT_TRUE(victim.gets_on());
  EXPECT_GE(victim.diary().interrupted, 2u);
}

TEST_F(AttachTest, signals_are_delivered_while_it_works) {
  Victim victim;
  pid_t sender = fork();
  if (sender == 0) {
    for (;;) {
      kill(victim.pid(), SIGUSR1);
      usleep(100);
    }
  }
  for (int i = 0; i < 10; ++i) {
    Victim fresh;
    for (int n = 0; n < 3; ++n)
      kill(fresh.pid(), SIGUSR1);
    auto attached = attach(i % 2 ? fresh.pid() : victim.pid(), everything);
    EXPECT_TRUE(attached) << sentence(attached.error());
    EXPECT_TRUE(fresh.gets_on());
    EXPECT_GT(fresh.diary().handled, 0u);
  }
  kill(sender, SIGKILL);
  waitpid(sender, nullptr, 0);
  EXPECT_TRUE(victim.gets_on());
  EXPECT_GT(victim.diary().handled, 0u);
}

TEST_F(AttachTest, a_stopped_process_is_sealed_and_stays_stopped) {
  Victim victim;
  kill(victim.pid(), SIGSTOP);
  waitpid(victim.pid(), nullptr, WUNTRACED);
  auto attached = attach(victim.pid(), everything);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(attached->complete());
  usleep(10'000);
  EXPECT_EQ(process::Process::look(victim.pid())->state, 'T');
  kill(victim.pid(), SIGCONT);
  EXPECT_TRUE(victim.gets_on());
}

int steps_left = 0;
void die_in_time() {
  if (--steps_left == 0)
    kill(getpid(), SIGKILL);
}

/// Attaches in a child that is killed before its `step`-th act. Returns whether
/// it got through.
bool attach_and_die(pid_t pid, int step) {
  return test::in_child([=] {
           steps_left = step;
           process::step_observer = die_in_time;
           return attach(pid, everything) ? 0 : 1;
         }) == 0;
}

TEST_F(AttachTest, a_tracer_killed_at_any_step_leaves_the_process_running) {
  int step = 1;
  for (bool through = false; !through; ++step) {
    ASSERT_LT(step, 1000);
    Victim victim;
    through = attach_and_die(victim.pid(), step);
    ASSERT_TRUE(victim.gets_on()) << "killed at step " << step;
    EXPECT_EQ(process::Process::look(victim.pid())->tracer, 0);
    // And the next one finishes what it began.
    auto again = attach(victim.pid(), everything);
    ASSERT_TRUE(again) << "step " << step << ": " << sentence(again.error());
    ASSERT_TRUE(is_sealed(victim.pid(), again->plan)) << "step " << step;
    ASSERT_TRUE(victim.gets_on()) << "after step " << step;
  }
  // Five threads to seize and stop, and at least one call to be made.
  EXPECT_GT(step, 30);
}

TEST_F(AttachTest, a_filter_that_kills_for_mseal_does_not_kill) {
  if (geteuid() != 0)
    GTEST_SKIP() << "suspending a seccomp filter needs root";
  Victim victim(Victim::Seccomp::kills_mseal);
  auto attached = attach(victim.pid(), everything);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(attached->complete());
  EXPECT_TRUE(victim.gets_on());

  victim.ask_mseal();  // control: the filter does kill
  int status = 0;
  ASSERT_EQ(waitpid(victim.pid(), &status, 0), victim.pid());
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

TEST_F(AttachTest, refuses_what_it_may_not_touch_with_a_reason) {
  Victim victim;
  auto none = attach(999'999'999, everything);
  ASSERT_FALSE(none);
  EXPECT_NE(sentence(none.error()).find("there is no process"),
            std::string::npos);

  auto self = attach(getpid(), everything);
  ASSERT_FALSE(self);
  EXPECT_NE(sentence(self.error()).find("memseal itself"), std::string::npos);

  ASSERT_EQ(ptrace(PTRACE_SEIZE, victim.pid(), nullptr, nullptr), 0);
  auto traced = attach(victim.pid(), everything);
  ASSERT_FALSE(traced);
  EXPECT_NE(sentence(traced.error()).find("is traced by process"),
            std::string::npos);
}

TEST_F(AttachTest, refuses_another_users_process) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root to become another user";
  Victim victim;
  test::in_child([&] {
    CHILD_ASSERT_EQ(setresgid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    auto attached = attach(victim.pid(), everything);
    CHILD_ASSERT_FALSE(attached);
    CHILD_ASSERT_NE(sentence(attached.error()).find("belongs to user 0"),
                    std::string::npos);
  });
  EXPECT_EQ(victim.mprotect_answer(), 0);  // nothing was sealed
}

}  // namespace
}  // namespace memseal::tracer
