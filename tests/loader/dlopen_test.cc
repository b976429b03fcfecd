// SPDX-License-Identifier: Apache-2.0
// Libraries that come later.
#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

using Dlopen = EveryGlibc;
MEMSEAL_WITH_EVERY_GLIBC(Dlopen);

constexpr const char *refused =
    "constructor text=1 relro=1 libc=1 constructed=1\n";
constexpr const char *left_out =
    "constructor text=0 relro=0 libc=1 constructed=1\n";
constexpr const char *allowed =
    "constructor text=0 relro=0 libc=0 constructed=1\n";

std::vector<std::string> opener(const std::string &act,
                                std::vector<std::string> libraries) {
  std::vector<std::string> command = {program("opener"), act};
  for (const std::string &library : libraries)
    command.push_back(program(library));
  return command;
}

TEST_P(Dlopen, seals_before_the_constructor_found_by_DT_INIT) {
  auto command = opener("open", {"libwitness.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output, allowed);
  EXPECT_EQ(run_sealed(glibc, command).output, refused);
}

TEST_P(Dlopen, seals_before_the_constructor_found_by_DT_INIT_ARRAY) {
  auto command = opener("open", {"libarray.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output, allowed);
  EXPECT_EQ(run_sealed(glibc, command).output, refused);
}

TEST_P(Dlopen, runs_what_DT_INIT_and_DT_INIT_ARRAY_name_once_and_in_order) {
  auto command = opener("open", {"libinit.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output,
            "constructor text=0 relro=0 libc=0 constructed=11\n");
  EXPECT_EQ(run_sealed(glibc, command).output,
            "constructor text=1 relro=1 libc=1 constructed=11\n");
}

TEST_P(Dlopen, seals_the_text_of_a_library_without_relro) {
  auto command = opener("open", {"libnorelro.so"});
  EXPECT_EQ(run_sealed(glibc, command).output,
            "constructor text=1 relro=0 libc=1 constructed=1\n");
}

TEST_P(Dlopen, seals_a_library_without_constructor_at_the_next_dlopen) {
  auto command = opener("plain", {"libplain.so", "libwitness.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output, "plain relro=0 second=1\n");
  EXPECT_EQ(run_sealed(glibc, command).output, "plain relro=1 second=1\n");
  // Until then it depends on what the loader tells.
  Finished alone = run_sealed(glibc, opener("plain", {"libplain.so"}));
  EXPECT_EQ(alone.output, glibc.tells_late() ? "plain relro=1 second=0\n"
                                             : "plain relro=0 second=0\n");
}

TEST_P(Dlopen, that_fails_seals_nothing_and_leaks_nothing) {
  auto command = opener("fail", {"libmissing.so", "libarray.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output,
            std::string("failed=600 grown=0\n") + allowed);
  Finished run = run_sealed(glibc, command, "report=-");
  EXPECT_EQ(run.output, std::string("failed=600 grown=0\n") + refused);
  // Nor is it looked at after it is gone, when its name may be gone too.
  EXPECT_EQ(run.errors.find("libmissing.so"), std::string::npos) << run.errors;
  EXPECT_EQ(run.errors.find("were not found"), std::string::npos) << run.errors;
}

TEST_P(Dlopen, a_hundred_cycles_with_pin_keep_one_copy_and_its_state) {
  for (const char *library : {"libwitness.so", "libarray.so"}) {
    auto command = opener("cycle", {library});
    EXPECT_EQ(run_unsealed(glibc, command).output,
              "closed=100 constructed=100 grown=0\n");
    EXPECT_EQ(run_sealed(glibc, command).output,
              "closed=100 constructed=100 grown=0\n");
  }
}

TEST_P(Dlopen, a_hundred_cycles_with_seal_leave_each_copy_mapped) {
  Finished run =
      run_sealed(glibc, opener("cycle", {"libwitness.so"}), "dlopen=seal");
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.output.find("closed=100 constructed=100 grown="), 0u)
      << run.output;
  EXPECT_EQ(run.output.find("grown=0"), std::string::npos) << run.output;
}

TEST_P(Dlopen, a_hundred_cycles_with_skip_leave_nothing) {
  auto command = opener("cycle", {"libwitness.so"});
  EXPECT_EQ(run_sealed(glibc, command, "dlopen=skip").output,
            "closed=100 constructed=100 grown=0\n");
  EXPECT_EQ(run_sealed(glibc, opener("open", {"libwitness.so"}), "dlopen=skip")
                .output,
            left_out);
}

TEST_P(Dlopen, an_excepted_library_is_neither_sealed_nor_kept) {
  EXPECT_EQ(
      run_sealed(glibc, opener("open", {"libwitness.so"}), "except=libwitness*")
          .output,
      left_out);
}

TEST_P(Dlopen, from_six_threads_at_once) {
  auto command =
      opener("threads", {"libwitness.so", "libarray.so", "libnorelro.so"});
  for (const char *options : {"", "dlopen=seal", "dlopen=skip"}) {
    Finished run = run_sealed(glibc, command, options);
    EXPECT_EQ(run.output, "bad=0\n") << options << run.errors;
    EXPECT_EQ(run.status, 0) << options;
  }
}

TEST_P(Dlopen, works_on_a_thread_with_the_smallest_stack) {
  auto command = opener("small", {"libwitness.so", "libarray.so", "libplain.so",
                                  "libnorelro.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output, "bad=0\n");
  std::string file = testing::TempDir() + "memseal-small-stack.json";
  for (const std::string &options :
       {std::string(), std::string("dlopen=seal"), "report=" + file})
    EXPECT_EQ(run_sealed(glibc, command, options).output, "bad=0\n") << options;
  std::remove(file.c_str());
}

TEST_P(Dlopen, needs_hardly_more_stack_than_with_an_empty_auditor) {
  auto command = opener("depth", {"libwitness.so"});
  auto needed = [&](const std::string &auditor, const std::string &options) {
    std::vector<std::string> whole = glibc.loader();
    whole.insert(whole.end(), command.begin(), command.end());
    return std::stoi(
        run(whole, {"LD_AUDIT=" + auditor, "MEMSEAL_OPTIONS=" + options})
            .output);
  };
  int empty = needed(program("libempty.so"), "");
  for (const char *options : {"", "report=/dev/null", "engine=filter"})
    EXPECT_LE(needed(module("audit"), options), empty + 512) << options;
}

TEST_P(Dlopen, into_a_namespace_of_its_own_seals_too) {
  // glibc 2.31 crashes when dlmopen makes a namespace under any audit module,
  // an empty one included.
  if (glibc.version == "2.31")
    GTEST_SKIP() << "dlmopen crashes under auditing in glibc 2.31";
  auto command = opener("dlmopen", {"libwitness.so"});
  EXPECT_EQ(run_unsealed(glibc, command).output, allowed);
  EXPECT_EQ(run_sealed(glibc, command).output, refused);
}

TEST_P(Dlopen, leaves_text_relocations_alone_and_says_so) {
  auto command = opener("open", {"libtextrel.so"});
  Finished twin = run_unsealed(glibc, command);
  Finished run = run_sealed(glibc, command, "report=-");
  EXPECT_EQ(run.output, twin.output);
  EXPECT_NE(run.errors.find("libtextrel.so not sealed: it has text relocations "
                            "(DT_TEXTREL)\n"),
            std::string::npos)
      << run.errors;
  Finished required = run_sealed(glibc, command, "require");
  EXPECT_EQ(required.status, 125);
  EXPECT_EQ(required.errors, "memseal: " + program("libtextrel.so") +
                                 " is not sealed, but --require asks for it: "
                                 "it has text relocations (DT_TEXTREL)\n");
  EXPECT_EQ(run_sealed(glibc, command, "require;except=libtextrel*").status, 0);
}

TEST_P(Dlopen, after_the_program_put_itself_in_a_sandbox_stays_alive) {
  auto command = opener("sandbox", {"libwitness.so"});
  Finished run = run_sealed(glibc, command, "report=-");
  EXPECT_EQ(run.output, left_out);
  EXPECT_NE(run.errors.find("text not sealed: a seccomp filter may kill"),
            std::string::npos);
}

}  // namespace
}  // namespace memseal::test
