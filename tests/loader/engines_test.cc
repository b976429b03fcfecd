// SPDX-License-Identifier: Apache-2.0
// Engines other than mseal(2): a keeper for the tree, an exact filter for one
// image. docs/exec.md
#include "keeper/start.h"
#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

constexpr const char *allowed =
    "constructor text=0 relro=0 libc=0 constructed=1\n";
constexpr const char *refused =
    "constructor text=1 relro=1 libc=1 constructed=1\n";
constexpr const char *cycled = "closed=100 constructed=100 grown=0\n";

std::string with_main(const char *constructor, int value) {
  std::string number = std::to_string(value);
  return constructor + ("main text=" + number + " relro=" + number + "\n");
}

class Launched : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (!keeper::keeper_possible())
      GTEST_SKIP() << "no seccomp notification for all threads (Linux 5.7)";
  }
  Finished launch(std::vector<std::string> command) {
    std::vector<std::string> whole = {std::string(BUILD) + "/memseal", "run",
                                      "--require", "--report=-",
                                      std::string("--engine=") + GetParam()};
    whole.insert(whole.end(), command.begin(), command.end());
    return run(whole, {"PATH=/usr/bin:/bin"});
  }
};

INSTANTIATE_TEST_SUITE_P(With, Launched,
                         testing::Values("keeper", "strict", "filter"),
                         [](const auto &with) {
                           return std::string(with.param);
                         });

TEST_P(Launched, initial_objects_are_sealed_before_the_first_constructor) {
  EXPECT_EQ(run({program("initial")}, {}).output, with_main(allowed, 0));
  Finished sealed = launch({program("initial")});
  EXPECT_EQ(sealed.output, with_main(refused, 1)) << sealed.errors;
  EXPECT_EQ(sealed.status, 0);
}

TEST_P(Launched, the_pages_that_the_vdso_reads_are_sealed) {
  EXPECT_EQ(run({program("clock")}, {}).output, lying_clock);
  Finished sealed = launch({program("clock")});
  EXPECT_EQ(sealed.output, true_clock) << sealed.errors;
  EXPECT_NE(sealed.errors.find(" [vvar] 0x"), std::string::npos);
}

TEST_P(Launched, what_dlopen_brings_is_sealed_before_its_constructor) {
  for (const char *library : {"libwitness.so", "libarray.so"}) {
    std::vector<std::string> command = {program("opener"), "open",
                                        program(library)};
    EXPECT_EQ(run(command, {}).output, allowed);
    Finished sealed = launch(command);
    EXPECT_EQ(sealed.output, refused) << sealed.errors;
  }
}

TEST_P(Launched, dlopen_works_on_a_thread_with_the_smallest_stack) {
  std::vector<std::string> command = {program("opener"), "small",
                                      program("libwitness.so"),
                                      program("libarray.so")};
  EXPECT_EQ(run(command, {}).output, "bad=0\n");
  EXPECT_EQ(launch(command).output, "bad=0\n");
}

TEST_P(Launched, a_hundred_cycles_of_dlopen_keep_one_copy) {
  std::vector<std::string> command = {program("opener"), "cycle",
                                      program("libwitness.so")};
  EXPECT_EQ(run(command, {}).output, cycled);
  EXPECT_EQ(launch(command).output, cycled);
}

TEST_P(Launched, the_report_names_who_enforces) {
  std::string engine = GetParam();
  std::string who = engine == "filter"                       ? "filter"
                    : engine == "strict" && sys::has_mseal() ? "strict"
                                                             : "keeper";
  Finished sealed = launch({program("initial")});
  EXPECT_NE(sealed.errors.find("text sealed " + who + "\n"), std::string::npos)
      << sealed.errors;
}

TEST(Keeper, that_nobody_started_is_missed_and_told) {
  Finished run =
      run_sealed({"host"}, {program("initial")}, "engine=keeper;report=-");
  EXPECT_EQ(run.output, with_main(allowed, 0));
  EXPECT_NE(run.errors.find("not sealed: no keeper answers"), std::string::npos)
      << run.errors;
  EXPECT_EQ(run_sealed({"host"}, {program("initial")}, "engine=strict;require")
                .status,
            125);
}

}  // namespace
}  // namespace memseal::test
