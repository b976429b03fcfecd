// SPDX-License-Identifier: Apache-2.0
// --at-exit=check. What it stops: tests/exploits, objects_at_exit and
// streams_at_exit.
#include <csignal>

#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

class AtExit : public EveryGlibc {
protected:
  /// Whether this glibc tells auditors of exit.
  bool told() const { return glibc.version != "2.31"; }
};
MEMSEAL_WITH_EVERY_GLIBC(AtExit);

std::string exploit(const std::string &name) {
  return std::string(BUILD) + "/tests/exploits/" + name;
}

// S-80
TEST_P(AtExit, streams_of_every_kind_raise_no_alarm) {
  Finished twin = run_unsealed(glibc, {program("streams")});
  Finished checked = run_sealed(glibc, {program("streams")}, "at-exit=check");
  EXPECT_EQ(checked.output, twin.output);
  EXPECT_EQ(checked.status, 0);
  EXPECT_EQ(checked.errors.empty(), told()) << checked.errors;
}

// S-80
TEST_P(AtExit, libraries_that_come_and_go_raise_no_alarm) {
  for (const char *dlopen : {"pin", "seal", "skip"}) {
    Finished checked = run_sealed(
        glibc, {program("opener"), "cycle", program("libwitness.so")},
        std::string("at-exit=check;dlopen=") + dlopen);
    EXPECT_EQ(checked.status, 0) << dlopen << checked.errors;
    EXPECT_EQ(checked.errors.empty(), told()) << checked.errors;
  }
  Finished threads =
      run_sealed(glibc,
                 {program("opener"), "threads", program("libwitness.so"),
                  program("libinit.so"), program("libplain.so")},
                 "at-exit=check;dlopen=seal");
  EXPECT_EQ(threads.output, "bad=0\n") << threads.errors;
}

// S-80
TEST_P(AtExit, a_loader_that_does_not_tell_of_exit_is_named) {
  Finished required =
      run_sealed(glibc, {program("initial")}, "at-exit=check;require");
  EXPECT_EQ(required.status, told() ? 0 : 125) << required.errors;
  EXPECT_EQ(required.errors.find("--at-exit=check needs glibc 2.35") !=
                std::string::npos,
            !told());
}

// S-80: one program each, built for this machine's glibc.
TEST(Exit, is_stopped_where_what_it_calls_through_was_changed) {
  Glibc host{"host"};
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  for (auto [name, said] :
       {std::pair("objects_at_exit", "record of "),
        std::pair("streams_at_exit", "a stream of standard I/O")}) {
    Finished twin = run_sealed(host, {exploit(name)});
    EXPECT_EQ(twin.output, "hijacked\n") << name;
    Finished checked = run_sealed(host, {exploit(name)}, "at-exit=check");
    EXPECT_EQ(checked.output, "") << name;
    EXPECT_EQ(checked.status, 1000 + SIGABRT) << name;
    EXPECT_NE(checked.errors.find(said), std::string::npos) << checked.errors;
  }
}

}  // namespace
}  // namespace memseal::test
