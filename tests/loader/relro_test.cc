// SPDX-License-Identifier: Apache-2.0
// What the kernel refuses to do to RELRO that the loader module has sealed.
// EPERM is 1 in the program's output.
#include <map>
#include <sstream>

#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

using Relro = EveryGlibc;
MEMSEAL_WITH_EVERY_GLIBC(Relro);

/// By attempt: its errno, and whether the page was kept.
std::map<std::string, std::string> results(const Finished &finished) {
  std::map<std::string, std::string> by_attempt;
  std::istringstream lines(finished.output);
  for (std::string line; std::getline(lines, line);) {
    std::size_t equals = line.find('=');
    by_attempt[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return by_attempt;
}

/// Whatever takes the page from an unsealed program is refused in a sealed one.
void expect_held(const Finished &twin, const Finished &sealed) {
  auto open = results(twin), held = results(sealed);
  EXPECT_EQ(open["dontneed"], "0 kept=0");
  EXPECT_EQ(held["dontneed"], "1 kept=1");
  EXPECT_EQ(open["dontfork"], "0 kept=0");
  for (const auto &[attempt, result] : open) {
    EXPECT_NE(held[attempt].find("kept=1"), std::string::npos) << attempt;
    if (result == "0 kept=0") {
      EXPECT_EQ(held[attempt], "1 kept=1") << attempt;
    }
  }
}

// S-63
TEST_P(Relro, is_anonymous_memory_that_no_advice_takes_away) {
  expect_held(run_unsealed(glibc, {program("relro_discard")}),
              run_sealed(glibc, {program("relro_discard")}, "engine=native"));
}

// S-63
TEST_P(Relro, of_a_library_that_dlopen_brings_is_anonymous_memory_too) {
  std::string library = program("libwitness.so");
  expect_held(
      run_unsealed(glibc, {program("relro_discard"), library}),
      run_sealed(glibc, {program("relro_discard"), library}, "engine=native"));
}

TEST_P(Relro, stays_its_files_where_that_is_asked_for) {
  auto open = results(run_sealed(glibc, {program("relro_discard")},
                                 "engine=native;relro=file"));
  EXPECT_EQ(open["dontneed"], "0 kept=0");
  // Control: it is sealed all the same.
  Finished sealed =
      run_sealed(glibc, {program("initial")}, "engine=native;relro=file");
  EXPECT_NE(sealed.output.find("main text=1 relro=1"), std::string::npos);
}

TEST_P(Relro, stays_its_files_under_a_filter_of_somebody_else) {
  std::vector<std::string> command = {program("opener"), "no-mremap", "exec"};
  for (const std::string &word : glibc.loader())
    command.push_back(word);
  command.push_back(program("initial"));
  Finished twin = run_unsealed(glibc, command);
  EXPECT_EQ(twin.status, 0);
  Finished sealed = run_sealed(glibc, command, "engine=native");
  EXPECT_EQ(sealed.status, 0);
  EXPECT_NE(sealed.output.find("main text=1 relro=1"), std::string::npos)
      << sealed.output;
}

TEST_P(Relro, is_reported_as_what_it_is) {
  for (std::string memory : {"anonymous", "file"}) {
    std::string file = testing::TempDir() + "memseal-relro.json";
    std::remove(file.c_str());
    run_sealed(glibc, {program("initial")},
               "engine=native;relro=" + memory + ";report=" + file);
    std::istringstream report(run({"/bin/cat", file}, {}).output);
    std::remove(file.c_str());
    int relro = 0;
    for (std::string line; std::getline(report, line);) {
      auto has = [&](const std::string &text) {
        return line.find(text) != std::string::npos;
      };
      bool is_relro = has("\"segment\":\"relro\"");
      relro += is_relro ? 1 : 0;
      EXPECT_EQ(has("\"memory\":\"" + memory + "\""), is_relro) << line;
    }
    EXPECT_GE(relro, 4);
  }
}

// S-63
TEST(Preload, puts_relro_into_anonymous_memory) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2)";
  expect_held(
      run({program("relro_discard")}, {}),
      run({program("relro_discard")}, {"LD_PRELOAD=" + module("preload"),
                                       "MEMSEAL_OPTIONS=engine=native"}));
}

}  // namespace
}  // namespace memseal::test
