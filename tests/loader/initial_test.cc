// SPDX-License-Identifier: Apache-2.0
// The objects a program starts with. EPERM is 1 in the programs' output.
#include <unistd.h>

#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

using Initial = EveryGlibc;
MEMSEAL_WITH_EVERY_GLIBC(Initial);

constexpr const char *refused =
    "constructor text=1 relro=1 libc=1 constructed=1\n"
    "main text=1 relro=1\n";
constexpr const char *allowed =
    "constructor text=0 relro=0 libc=0 constructed=1\n"
    "main text=0 relro=0\n";

TEST_P(Initial, objects_are_sealed_before_the_first_constructor_runs) {
  Finished twin = run_unsealed(glibc, {program("initial")});
  EXPECT_EQ(twin.output, allowed);
  Finished sealed = run_sealed(glibc, {program("initial")});
  EXPECT_EQ(sealed.output, refused);
  EXPECT_EQ(sealed.errors, "");
}

TEST_P(Initial, the_exit_code_is_the_programs_own) {
  EXPECT_EQ(run_unsealed(glibc, {program("initial"), "42"}).status, 42);
  EXPECT_EQ(run_sealed(glibc, {program("initial"), "42"}).status, 42);
}

// S-22, S-23, S-24
TEST_P(Initial, pages_that_the_vdso_reads_are_sealed) {
  EXPECT_EQ(run_unsealed(glibc, {program("clock")}).output, lying_clock);
  EXPECT_EQ(run_sealed(glibc, {program("clock")}).output, true_clock);
  for (const char *options :
       {"except=[vvar]", "segments=text,relro", "segments=text,relro;require"})
    EXPECT_EQ(run_sealed(glibc, {program("clock")}, options).output,
              lying_clock)
        << options;
}

TEST_P(Initial, an_excepted_object_stays_as_it_was) {
  Finished some =
      run_sealed(glibc, {program("initial")}, "except=libwitness.so");
  EXPECT_EQ(some.output,
            "constructor text=0 relro=0 libc=1 constructed=1\n"
            "main text=1 relro=1\n");
}

TEST_P(Initial, the_program_is_called_by_its_own_name) {
  Finished some = run_sealed(glibc, {program("initial")}, "except=initial");
  EXPECT_EQ(some.output,
            "constructor text=1 relro=1 libc=1 constructed=1\n"
            "main text=0 relro=0\n");
}

TEST_P(Initial, only_what_is_named_is_sealed) {
  Finished some = run_sealed(glibc, {program("initial")}, "only=lib[v-w]*");
  EXPECT_EQ(some.output,
            "constructor text=1 relro=1 libc=0 constructed=1\n"
            "main text=0 relro=0\n");
}

TEST_P(Initial, requiring_what_can_be_had_changes_nothing) {
  Finished sealed = run_sealed(glibc, {program("initial")}, "require");
  EXPECT_EQ(sealed.output, refused);
  EXPECT_EQ(sealed.status, 0);
}

TEST_P(Initial, a_filter_that_kills_for_mseal_does_not_kill) {
  std::vector<std::string> command = {program("opener"), "sandbox", "exec"};
  for (const std::string &word : glibc.loader())
    command.push_back(word);
  command.push_back(program("initial"));
  EXPECT_EQ(run_unsealed(glibc, command).output, allowed);
  Finished unsealed = run_sealed(glibc, command);
  EXPECT_EQ(unsealed.output, allowed);
  EXPECT_EQ(unsealed.status, 0);
  Finished required = run_sealed(glibc, command, "require");
  EXPECT_EQ(required.status, 125);
  EXPECT_NE(required.errors.find("is not sealed, but --require asks for it: a "
                                 "seccomp filter may kill"),
            std::string::npos)
      << required.errors;
}

TEST(Options, that_are_not_understood_are_said_and_seal_nothing) {
  Finished run = run_sealed({"host"}, {program("initial")}, "tomorrow=1");
  EXPECT_EQ(run.output, allowed);
  EXPECT_EQ(run.errors,
            "memseal: MEMSEAL_OPTIONS is not understood; nothing is sealed\n");
  EXPECT_EQ(
      run_sealed({"host"}, {program("initial")}, "tomorrow=1;require").status,
      125);
}

TEST(Preload, seals_the_initial_objects_before_other_constructors) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  EXPECT_EQ(run({program("initial")}, {}).output, allowed);
  EXPECT_EQ(
      run({program("initial")}, {"LD_PRELOAD=" + module("preload")}).output,
      refused);
}

std::vector<std::string> with_preload() {
  return {"LD_PRELOAD=" + module("preload")};
}

TEST(Preload, seals_the_pages_that_the_vdso_reads) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  EXPECT_EQ(run({program("clock")}, {"LD_PRELOAD=" + module("preload")}).output,
            true_clock);
}

TEST(Preload, lets_dlopen_through_with_glibc) {
  std::vector<std::string> command = {program("opener"), "open",
                                      program("libwitness.so")};
  EXPECT_EQ(run(command, with_preload()).output,
            sys::has_mseal()
                ? "constructor text=0 relro=0 libc=1 constructed=1\n"
                : "constructor text=0 relro=0 libc=0 constructed=1\n");
}

TEST(Preload, seals_a_musl_program_and_what_it_opens) {
  std::string musl = program("musl/program");
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  if (access(musl.c_str(), X_OK) != 0)
    GTEST_SKIP() << "musl-gcc is not installed";
  std::vector<std::string> command = {musl, program("musl/liblate.so")};
  EXPECT_EQ(run(command, {}).output,
            "constructor text=0 relro=0 libc=0 constructed=1\n"
            "late constructor text=0 relro=0 libc=0\n"
            "late now text=0 relro=0\n");
  // The constructor of a library that dlopen brings comes before the seal.
  EXPECT_EQ(run(command, with_preload()).output,
            "constructor text=1 relro=1 libc=1 constructed=1\n"
            "late constructor text=0 relro=0 libc=1\n"
            "late now text=1 relro=1\n");
}

TEST(Modules, need_no_library_and_no_thread_local_storage) {
  for (const char *name : {"audit", "preload"}) {
    Finished read = run({"/usr/bin/readelf", "-dlW", module(name)}, {});
    EXPECT_NE(read.output.find("BIND_NOW"), std::string::npos);
    EXPECT_EQ(read.output.find("(NEEDED)"), std::string::npos) << name;
    EXPECT_EQ(read.output.find("TLS"), std::string::npos) << name;
  }
}

/// Under a filter that kills for mseal(2), a shell that executes the program
/// sealed, telling it that process `number` has no filter.
Finished filtered_with_claim(const std::string &number) {
  return run({program("opener"), "sandbox", "exec", "/bin/sh", "-c",
              "export MEMSEAL_UNFILTERED=" + number + " LD_AUDIT=" +
                  module("audit") + "; exec " + program("initial")},
             {});
}

TEST(Claim, that_there_is_no_filter_is_believed_about_oneself_alone) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  EXPECT_EQ(filtered_with_claim("1").output, allowed);
  EXPECT_EQ(filtered_with_claim("").output, allowed);
  EXPECT_EQ(filtered_with_claim("$$x").output, allowed);
  // Control: one that lies about itself makes the call it would be killed for.
  EXPECT_EQ(filtered_with_claim("$$").output, "");
}

TEST(Claim, that_there_is_no_filter_is_not_inherited) {
  EXPECT_EQ(
      run({program("initial"), "env"},
          {"X=1", "MEMSEAL_UNFILTERED=1", "Y=2", "LD_AUDIT=" + module("audit")})
          .output,
      "X=1\nY=2\nLD_AUDIT=" + module("audit") + "\n");
}

TEST(Children, start_unsealed_and_with_the_old_environment_when_asked_to) {
  std::vector<std::string> before = {"LD_AUDIT=" + module("audit"),
                                     "MEMSEAL_OPTIONS=no-inherit", "X=1",
                                     "GLIBC_TUNABLES=glibc.malloc.check=0:"
                                     "glibc.rtld.optional_static_tls=4096"};
  EXPECT_EQ(run({program("initial"), "env"}, before).output,
            "X=1\nGLIBC_TUNABLES=glibc.malloc.check=0\n");
  before[0] += ":/nowhere.so";
  before[3] = "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096";
  EXPECT_EQ(run({program("initial"), "env"}, before).output,
            "LD_AUDIT=/nowhere.so\nX=1\n");
  before[1] = "MEMSEAL_OPTIONS=";  // control: by default nothing is taken out
  std::string same;
  for (const std::string &string : before)
    same += string + "\n";
  EXPECT_EQ(run({program("initial"), "env"}, before).output, same);
}

TEST(Children, of_a_preloaded_program_do_not_inherit_the_module) {
  EXPECT_EQ(run({program("initial"), "env"},
                {"LD_PRELOAD=" + module("preload") + " /nowhere.so",
                 "MEMSEAL_OPTIONS=no-inherit"})
                .output,
            "LD_PRELOAD=/nowhere.so\n");
}

}  // namespace
}  // namespace memseal::test
