// SPDX-License-Identifier: Apache-2.0
// Other auditors beside memseal's: before it, after it, named by the program.
#include <unistd.h>

#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

class Auditors : public EveryGlibc {
protected:
  Finished run_with(const std::string &auditors, const std::string &name,
                    const std::string &options = "") {
    std::vector<std::string> command = glibc.loader();
    command.push_back(program(name));
    return run(command, {"PATH=/usr/bin:/bin", "LD_AUDIT=" + auditors,
                         "MEMSEAL_OPTIONS=" + options});
  }
};
MEMSEAL_WITH_EVERY_GLIBC(Auditors);

constexpr const char *refused =
    "constructor text=1 relro=1 libc=1 constructed=1\n"
    "main text=1 relro=1\n";
constexpr const char *allowed =
    "constructor text=0 relro=0 libc=0 constructed=1\n"
    "main text=0 relro=0\n";

std::vector<std::string> both_orders(const std::string &other) {
  return {module("audit") + ":" + other, other + ":" + module("audit")};
}

TEST_P(Auditors, with_a_libc_of_their_own_work_and_the_program_is_sealed) {
  std::string other = program("libauditor.so");
  Finished alone = run_with(other, "initial");
  EXPECT_EQ(alone.output, allowed);
  EXPECT_NE(alone.errors.find("auditor: "), std::string::npos) << alone.errors;
  for (const std::string &list : both_orders(other)) {
    Finished sealed = run_with(list, "initial", "require");
    EXPECT_EQ(sealed.output, refused) << list;
    EXPECT_EQ(sealed.errors, alone.errors) << list;
    EXPECT_EQ(sealed.status, 0) << list;
  }
}

TEST_P(Auditors, are_not_taken_for_the_program_by_the_report) {
  std::string other = program("libauditor.so");
  for (const std::string &list : both_orders(other)) {
    Finished sealed = run_with(list, "initial", "report=-");
    EXPECT_NE(sealed.errors.find("/initial 0x"), std::string::npos) << list;
    EXPECT_NE(sealed.errors.find("/libwitness.so 0x"), std::string::npos);
    EXPECT_EQ(sealed.errors.find("libauditor.so 0x"), std::string::npos);
    EXPECT_EQ(sealed.errors.find("relro not sealed"), std::string::npos)
        << sealed.errors;
  }
}

TEST_P(Auditors, do_not_hide_that_a_requirement_is_not_met) {
  for (const std::string &list : both_orders(program("libauditor.so")))
    EXPECT_EQ(run_with(list, "initial", "require;engine=keeper").status, 125)
        << list;
}

TEST_P(Auditors, that_the_program_was_linked_with_work_too) {
  Finished alone = run_unsealed(glibc, {program("audited")});
  EXPECT_EQ(alone.output, allowed);
  // DT_AUDIT is obeyed since glibc 2.32.
  EXPECT_EQ(alone.errors.empty(), glibc.version == "2.31") << alone.errors;
  Finished sealed = run_sealed(glibc, {program("audited")}, "require");
  EXPECT_EQ(sealed.output, refused);
  EXPECT_EQ(sealed.errors, alone.errors);
}

TEST_P(Auditors, let_dlopen_seal_as_ever) {
  std::string other = program("libauditor.so");
  std::vector<std::string> command = glibc.loader();
  for (std::string word :
       {program("opener"), std::string("open"), program("libwitness.so")})
    command.push_back(word);
  for (const std::string &list : both_orders(other))
    EXPECT_EQ(run(command, {"LD_AUDIT=" + list}).output,
              "constructor text=1 relro=1 libc=1 constructed=1\n")
        << list;
}

constexpr const char *held = "auditors=1 held=1\n";

// S-79
TEST_P(Auditors, cannot_be_given_other_functions_to_call) {
  EXPECT_EQ(run_unsealed(glibc, {program("auditor_table")}).output,
            "no target\n");
  std::string empty = program("libempty.so");
  EXPECT_EQ(run_with(empty, "auditor_table").output,
            "auditors=1 held=0\nhijacked\n");
  Finished sealed = run_with(module("audit"), "auditor_table", "require");
  EXPECT_EQ(sealed.output, held);
  EXPECT_EQ(sealed.status, 0);
  EXPECT_EQ(sealed.errors, "");
  for (const std::string &list : both_orders(empty))
    EXPECT_EQ(run_with(list, "auditor_table", "require").output,
              "auditors=2 held=2\n")
        << list;
  for (const std::string &list : both_orders(program("libauditor.so")))
    EXPECT_EQ(run_with(list, "auditor_table", "require").output,
              "auditors=2 held=2\n")
        << list;
}

// S-79
TEST_P(Auditors, cannot_be_given_others_after_dlopen_either) {
  auto attack_after = [&](const char *how) {
    return run_sealed(glibc,
                      {program("auditor_table"), how, program("libwitness.so")})
        .output;
  };
  EXPECT_EQ(attack_after("dlopen"), held);
  if (glibc.version == "2.31")
    return;  // dlmopen crashes there under any auditor
  EXPECT_EQ(attack_after("dlmopen"), held);
}

TEST(Sotruss, traces_a_sealed_program) {
  std::string library;
  for (const char *folder : {"x86_64-linux-gnu", "aarch64-linux-gnu"}) {
    std::string path =
        "/usr/lib/" + std::string(folder) + "/audit/sotruss-lib.so";
    if (access(path.c_str(), R_OK) == 0)
      library = path;
  }
  if (library.empty())
    GTEST_SKIP() << "sotruss is not installed";
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  auto traced = [&](const std::string &list) {
    return run({program("initial")}, {"LD_AUDIT=" + list, "SOTRUSS_FROMLIST=",
                                      "SOTRUSS_TOLIST=", "SOTRUSS_EXIT="});
  };
  Finished alone = traced(library);
  EXPECT_NE(alone.errors.find("printf("), std::string::npos) << alone.errors;
  for (const std::string &list : both_orders(library)) {
    Finished sealed = traced(list);
    EXPECT_EQ(sealed.output, refused) << list;
    EXPECT_NE(sealed.errors.find("printf("), std::string::npos) << list;
  }
}

}  // namespace
}  // namespace memseal::test
