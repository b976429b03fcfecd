// SPDX-License-Identifier: Apache-2.0
// What `memseal doctor` concludes from what a system has.
#include "cli/diagnosis.h"

#include <gtest/gtest.h>

#include <string>

namespace memseal::cli {
namespace {

Diagnosis conclude(Means means) {
  Diagnosis diagnosis;
  diagnosis.means = means;
  cli::conclude(diagnosis);
  return diagnosis;
}

bool says(const Diagnosis &diagnosis, const std::string &text) {
  for (const std::string &line : diagnosis.will_use) {
    if (line.starts_with(text))
      return true;
  }
  return false;
}

bool is_open(const Diagnosis &diagnosis, const std::string &text) {
  for (const auto &open : diagnosis.open) {
    if (open.vector.find(text) != std::string::npos)
      return true;
  }
  return false;
}

TEST(Conclusion, names_the_engine_that_will_be_used) {
  EXPECT_TRUE(says(conclude({.native = true, .filter = true}),
                   "engine: native for whole seals"));
  EXPECT_TRUE(says(conclude({.native = true}), "engine: native. Single types"));
  EXPECT_TRUE(says(conclude({.filter = true, .keeper = true}),
                   "engine: filter, for everything"));
  EXPECT_TRUE(says(conclude({.filter = true}),
                   "engine: filter for the library and attach"));
  EXPECT_TRUE(says(conclude({}), "no engine: nothing can be sealed here"));
}

TEST(Conclusion, tells_what_a_filter_costs_only_where_there_is_one) {
  auto privileged =
      conclude({.filter = true, .filter_needs_no_new_privs = false});
  auto ordinary = conclude({.filter = true, .filter_needs_no_new_privs = true});
  EXPECT_FALSE(
      says(privileged, "filters need no_new_privs here, which is set first"));
  EXPECT_TRUE(
      says(ordinary, "filters need no_new_privs here, which is set first"));
  EXPECT_FALSE(says(conclude({.native = true}),
                    "filters need no_new_privs here, which is set first"));
}

TEST(Conclusion, tells_how_programs_get_sealed) {
  EXPECT_TRUE(says(conclude({.audit_module = true, .libc_has_audit = true}),
                   "dynamic programs: the loader module"));
  EXPECT_TRUE(says(conclude({.audit_module = true}),
                   "dynamic programs: the preload module"));
  EXPECT_TRUE(says(conclude({.libc_has_audit = true}),
                   "dynamic programs: no module was found"));
  EXPECT_TRUE(says(conclude({.trace = true}),
                   "static programs and running processes: the tracer"));
  EXPECT_TRUE(
      says(conclude({}), "static programs and running processes: nothing"));
}

TEST(Conclusion, leaves_open_what_no_engine_of_this_system_closes) {
  // S-62 and S-63 are native's alone.
  EXPECT_TRUE(is_open(conclude({.native = true}), "by madvise"));
  EXPECT_TRUE(is_open(conclude({.native = true}), "begin below a sealed page"));
  EXPECT_FALSE(is_open(conclude({.filter = true}), "by madvise"));
  EXPECT_FALSE(
      is_open(conclude({.filter = true}), "begin below a sealed page"));
  EXPECT_TRUE(is_open(conclude({.trace = true}), "ptrace"));
  EXPECT_FALSE(is_open(conclude({}), "ptrace"));
  EXPECT_TRUE(is_open(conclude({}), "file behind a mapping"));
}

TEST(Grade, each_has_a_name) {
  EXPECT_STREQ(name(Grade::good), "good");
  EXPECT_STREQ(name(Grade::note), "note");
  EXPECT_STREQ(name(Grade::weak), "weak");
  EXPECT_STREQ(name(Grade::bad), "bad");
}

}  // namespace
}  // namespace memseal::cli
