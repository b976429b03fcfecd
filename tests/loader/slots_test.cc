// SPDX-License-Identifier: Apache-2.0
// Calls from one object to another, under `slots=seal`, with each glibc.
#include <sstream>

#include "loader/every_glibc.h"

namespace memseal::test {
namespace {

class Slots : public EveryGlibc {
protected:
  void SetUp() override {
#if !defined(__x86_64__)
    GTEST_SKIP() << "slots are sealed on x86-64 only";
#endif
    EveryGlibc::SetUp();
  }
};
MEMSEAL_WITH_EVERY_GLIBC(Slots);

std::string report_of(const Glibc &glibc,
                      const std::vector<std::string> &command,
                      const std::string &options,
                      Finished *finished = nullptr) {
  std::string file = testing::TempDir() + "memseal-slots.json";
  std::remove(file.c_str());
  Finished sealed = run_sealed(glibc, command, options + ";report=" + file);
  if (finished != nullptr)
    *finished = sealed;
  std::string report = run({"/bin/cat", file}, {}).output;
  std::remove(file.c_str());
  return report;
}

/// Lines of the report on the slots of an object.
std::vector<std::string> lines_on(const std::string &report,
                                  const std::string &object) {
  std::vector<std::string> found;
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("/" + object + "\"") != std::string::npos &&
        line.find("\"segment\":\"slots\"") != std::string::npos)
      found.push_back(line);
  }
  return found;
}

bool has(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

/// Up to 2.34 glibc binds nothing for good while there is an auditor.
bool binds(const Glibc &glibc) {
  return glibc.version != "2.31";
}

// S-83
TEST_P(Slots, are_no_target_in_programs_and_in_what_dlopen_brings) {
  std::vector<std::string> command{program("slots"), program("libcalled.so")};
  EXPECT_EQ(run_unsealed(glibc, command).output,
            "program hijacked\nmprotect=0\nlibrary hijacked\n"
            "LD_BIND_NOW unset\n");
  EXPECT_EQ(run_sealed(glibc, command).output,
            "program hijacked\nmprotect=0\nlibrary hijacked\n"
            "LD_BIND_NOW unset\n");
  for (std::string engine : {"native", "filter"}) {
    Finished sealed;
    std::string report =
        report_of(glibc, command, "slots=seal;engine=" + engine, &sealed);
    if (binds(glibc)) {
      EXPECT_EQ(sealed.output,
                "program held\nmprotect=1\nlibrary held\n"
                "LD_BIND_NOW unset\n")
          << engine << sealed.errors;
    } else {
      EXPECT_TRUE(has(report, "\"reason\":\"slots_unbound\"")) << report;
      EXPECT_EQ(sealed.status, 0);
    }
  }
}

// S-83
TEST_P(Slots, of_functions_that_are_not_there_stay_and_are_told) {
  if (!binds(glibc))
    GTEST_SKIP() << "this glibc binds nothing for good under an auditor";
  std::vector<std::string> command{program("slots"), program("libcalled.so")};
  Finished sealed;
  auto lines = lines_on(
      report_of(glibc, command, "slots=seal;require", &sealed), "libcalled.so");
  EXPECT_EQ(sealed.status, 0);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(has(lines[0], "\"sealed\":true")) << lines[0];
  EXPECT_TRUE(has(lines[1], "\"slots\":1,")) << lines[1];
  EXPECT_TRUE(has(lines[1], "\"reason\":\"slots_absent\"")) << lines[1];
}

}  // namespace
}  // namespace memseal::test
