// SPDX-License-Identifier: Apache-2.0
// Attaching with a seccomp filter, for kernels without mseal(2) and for those
// who want more than it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "filter/programs.h"
#include "process/proc_files.h"
#include "support/in_child.h"
#include "sys/huge_files.h"
#include "sys/memory.h"
#include "tracer/attach.h"
#include "tracer/remote_register.h"
#include "tracer/stopped_process.h"
#include "tracer/victim.h"

namespace memseal::tracer {
namespace {

using test::Victim;

const Wanted everything{.object = [](std::string_view) { return true; }};

bool is_program(std::string_view object) {
  return object.find("test_tracer") != std::string_view::npos;
}
const Wanted program_only{.object = is_program};

std::string status_of(pid_t tid, const std::string &key) {
  std::ifstream status("/proc/" + std::to_string(tid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key))
      return line.substr(line.find_last_of("\t ") + 1);
  }
  return {};
}

Result<RemoteRegister> register_of(pid_t pid) {
  auto space =
      MEMSEAL_TRY(process::Mappings::read(pid, sys::ReadSeals::without));
  auto memory = MEMSEAL_TRY(process::RemoteMemory::open(pid));
  return RemoteRegister::find(space, memory);
}

bool registered(const Attached &attached) {
  auto found = register_of(attached.process.pid);
  if (!found || attached.plan.ranges.empty())
    return false;
  for (const PlannedRange &planned : attached.plan.ranges) {
    if (!found->guarded_by_filter(planned.range))
      return false;
  }
  return true;
}

std::size_t seals_in(pid_t pid) {
  auto space = process::Mappings::read(pid, sys::ReadSeals::with_seals);
  std::size_t sealed = 0;
  for (const Mapping &mapping : space->mappings())
    sealed += mapping.seal == KernelSeal::present;
  return sealed;
}

class FilterEngineTest : public testing::Test {
protected:
  void SetUp() override {
#if !defined(__x86_64__)
    GTEST_SKIP() << "the tracer knows x86-64 only";
#endif
  }
};

TEST_F(FilterEngineTest, guards_a_running_process_without_mseal) {
  Victim victim, twin;
  std::size_t sealed_before = seals_in(victim.pid());
  auto attached = attach(victim.pid(), everything, Engine::filter);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(attached->complete());
  EXPECT_EQ(attached->threads, 5u);
  EXPECT_EQ(victim.mprotect_answer(), EPERM);
  EXPECT_EQ(twin.mprotect_answer(), 0);
  EXPECT_TRUE(victim.gets_on());
  EXPECT_EQ(seals_in(victim.pid()), sealed_before);
  EXPECT_TRUE(registered(*attached));
  EXPECT_EQ(attached->untold, "");
}

TEST_F(FilterEngineTest, every_thread_is_under_it_and_none_before) {
  Victim victim;
  auto process = process::Process::look(victim.pid());
  ASSERT_TRUE(process);
  for (pid_t tid : process::thread_ids(process->pid))
    EXPECT_EQ(status_of(tid, "Seccomp:"), "0");
  ASSERT_TRUE(attach(victim.pid(), everything, Engine::filter));
  EXPECT_EQ(process::thread_ids(process->pid).size(), 5u);
  for (pid_t tid : process::thread_ids(process->pid))
    EXPECT_EQ(status_of(tid, "Seccomp:"), "2");
}

TEST_F(FilterEngineTest, strict_takes_both_where_there_are_both) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  Victim victim;
  auto attached = attach(victim.pid(), everything, Engine::strict);
  ASSERT_TRUE(attached) << sentence(attached.error());
  EXPECT_TRUE(attached->complete());
  EXPECT_TRUE(registered(*attached));
  EXPECT_EQ(victim.mprotect_answer(), EPERM);
  EXPECT_TRUE(victim.gets_on());
}

TEST_F(FilterEngineTest, without_mseal_the_native_engine_refuses_and_says_how) {
  if (sys::has_mseal())
    GTEST_SKIP() << "this kernel has mseal(2)";
  Victim victim;
  auto attached = attach(victim.pid(), everything);
  ASSERT_FALSE(attached);
  EXPECT_NE(sentence(attached.error()).find("--engine=filter"),
            std::string::npos);
  EXPECT_EQ(victim.mprotect_answer(), 0);
}

TEST_F(FilterEngineTest, doing_it_again_makes_no_call_and_no_second_filter) {
  Victim victim;
  auto first = attach(victim.pid(), everything, Engine::filter);
  ASSERT_TRUE(first) << sentence(first.error());
  EXPECT_GT(first->calls, 0u);
  std::string filters = status_of(victim.pid(), "Seccomp_filters:");
  auto second = attach(victim.pid(), everything, Engine::filter);
  ASSERT_TRUE(second) << sentence(second.error());
  EXPECT_EQ(second->calls, 0u);
  EXPECT_EQ(status_of(victim.pid(), "Seccomp_filters:"), filters);
}

TEST_F(FilterEngineTest, more_is_added_to_the_register_that_is_there) {
  if (geteuid() != 0)
    GTEST_SKIP() << "suspending the first filter needs root";
  Victim victim;
  auto first = attach(victim.pid(), program_only, Engine::filter);
  ASSERT_TRUE(first) << sentence(first.error());
  auto second = attach(victim.pid(), everything, Engine::filter);
  ASSERT_TRUE(second) << sentence(second.error());
  EXPECT_GT(second->calls, 0u);
  EXPECT_TRUE(registered(*first));
  EXPECT_TRUE(registered(*second));
  EXPECT_TRUE(victim.gets_on());
}

// S-09, S-12: a later commit inside reckons from it how much room is left.
TEST_F(FilterEngineTest, the_register_counts_filters_as_the_kernel_does) {
  Victim victim;
  auto attached = attach(victim.pid(), everything, Engine::filter);
  ASSERT_TRUE(attached) << sentence(attached.error());
  std::vector<filter::GuardedRange> guarded;
  for (PageRange range : attached->plan.calls())
    guarded.push_back({range, seal_type::all});
  ASSERT_FALSE(guarded.empty());
  std::vector<PageRange> scratch(guarded.size(), guarded[0].range);
  std::vector<bpf::Instruction> base_storage(bpf::max_instructions),
      storage(filter::programs_storage);
  auto base = filter::compile_base(BaseLevel::compatible,
                                   filter::native_architecture(), base_storage);
  filter::RangeOptions options;
  if (!sys::may_map_huge_files(victim.pid()))
    options.huge_files = filter::HugeFiles::none;
  auto programs = filter::compile_programs(guarded, options, storage, scratch);
  ASSERT_TRUE(base && programs);
  filter::FilterCount expected = filter::count_of(*base);
  expected += filter::count_of(*programs);

  auto found = register_of(victim.pid());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->filters().programs, expected.programs);
  EXPECT_EQ(found->filters().kernel_instructions, expected.kernel_instructions);
}

TEST_F(FilterEngineTest, what_is_not_selected_stays_open) {
  Victim victim;
  ASSERT_TRUE(attach(
      victim.pid(),
      {.object = [](std::string_view object) { return !is_program(object); }},
      Engine::filter));
  EXPECT_EQ(victim.mprotect_answer(), 0);
}

TEST_F(FilterEngineTest, an_unprivileged_process_gets_no_new_privs) {
  if (geteuid() != 0)
    GTEST_SKIP() << "becoming another user needs root";
  test::in_child([] {
    CHILD_ASSERT_EQ(setresgid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
    Victim victim;
    CHILD_ASSERT_EQ(status_of(victim.pid(), "NoNewPrivs:"), "0");
    CHILD_ASSERT_TRUE(attach(victim.pid(), everything, Engine::filter));
    CHILD_ASSERT_EQ(victim.mprotect_answer(), EPERM);
    CHILD_ASSERT_EQ(status_of(victim.pid(), "NoNewPrivs:"), "1");
  });
}

TEST_F(FilterEngineTest, a_privileged_one_does_not) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root";
  Victim victim;
  ASSERT_TRUE(attach(victim.pid(), everything, Engine::filter));
  EXPECT_EQ(status_of(victim.pid(), "NoNewPrivs:"), "0");
}

int steps_left = 0;
void die_in_time() {
  if (--steps_left == 0)
    kill(getpid(), SIGKILL);
}

TEST_F(FilterEngineTest,
       a_tracer_killed_at_any_step_leaves_the_process_running) {
  int step = 1, stride = 1;
  for (bool through = false; !through; step += stride) {
    ASSERT_LT(step, 2000);
    Victim victim;
    through =
        test::in_child([&] {
          steps_left = step;
          process::step_observer = die_in_time;
          return attach(victim.pid(), program_only, Engine::filter) ? 0 : 1;
        }) == 0;
    ASSERT_TRUE(victim.gets_on()) << "killed at step " << step;
    ASSERT_EQ(process::Process::look(victim.pid())->tracer, 0);
    // And the next one finishes what it began.
    auto again = attach(victim.pid(), program_only, Engine::filter);
    ASSERT_TRUE(again) << "step " << step << ": " << sentence(again.error());
    ASSERT_TRUE(registered(*again)) << "step " << step;
    ASSERT_EQ(victim.mprotect_answer(), EPERM) << "step " << step;
  }
  EXPECT_GT(step, 60);
}

}  // namespace
}  // namespace memseal::tracer
