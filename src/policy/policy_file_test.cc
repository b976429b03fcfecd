// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "launch/test_programs.h"

namespace memseal::policy {
namespace {

using Strings = std::vector<std::string>;

/// "LINE:COLUMN sentence" of each fault.
Strings faults(const std::string &text) {
  Strings found;
  for (const PolicyFault &fault : parse_policy(text).faults)
    found.push_back(std::to_string(fault.line) + ":" +
                    std::to_string(fault.column) + " " + fault.sentence);
  return found;
}

launch::RunRequest request(const Policy &policy) {
  EXPECT_TRUE(policy.faults.empty());
  launch::RunRequest request;
  policy.apply_to(request);
  return request;
}

TEST(Policy, that_says_nothing_changes_nothing) {
  Policy policy = parse_policy("");
  launch::RunRequest applied = request(policy), fresh;
  EXPECT_EQ(applied.options.engine, fresh.options.engine);
  EXPECT_EQ(applied.options.requirement, fresh.options.requirement);
  EXPECT_EQ(applied.options.inheritance, fresh.options.inheritance);
  EXPECT_EQ(applied.options.segments, fresh.options.segments);
  EXPECT_EQ(applied.options.types, fresh.options.types);
  EXPECT_EQ(applied.options.only, "");
  EXPECT_EQ(applied.how, fresh.how);
  EXPECT_EQ(applied.provide, fresh.provide);
}

TEST(Policy, every_setting_reaches_the_run) {
  Policy policy = parse_policy(R"(
engine = "strict"
dlopen = "skip"
how = "preload"
on-violation = "report"
provide-mseal = "never"
report = "/var/log/x.json"
segments = ["text", "relro"]
require = true
inherit = false
[objects]
only = ["lib*", { glob = "prog", reason = "it is ours" }]
[[objects.except]]
glob = "libjit.so*"
reason = "patches its own code"
[[objects.except]]
glob = "libx.so"
reason = "too"
)");
  launch::RunRequest run = request(policy);
  EXPECT_EQ(run.options.engine, strict_tree);
  EXPECT_EQ(run.options.dlopen, DlopenPolicy::skip);
  EXPECT_EQ(run.how, launch::How::preload);
  EXPECT_EQ(run.options.on_violation, OnViolation::report);
  EXPECT_EQ(run.provide, launch::Provide::never);
  EXPECT_EQ(run.options.report, "/var/log/x.json");
  EXPECT_EQ(run.options.segments, (SegmentSet{true, false, true}));
  EXPECT_EQ(run.options.requirement, Requirement::required);
  EXPECT_EQ(run.options.inheritance, Inheritance::children_unsealed);
  EXPECT_EQ(run.options.only, "lib*,prog");
  EXPECT_EQ(run.options.except, "libjit.so*,libx.so");
  EXPECT_EQ(policy.except[0].reason, "patches its own code");
}

TEST(Policy, single_types_reach_the_run) {
  Policy policy =
      parse_policy("engine = \"filter\"\ntypes = [\"munmap\", \"mmap\"]");
  EXPECT_EQ(request(policy).options.types, seal_type::munmap | seal_type::mmap);
}

TEST(Policy, false_and_true_are_defaults_and_mean_what_they_say) {
  Policy policy = parse_policy("require = false\ninherit = true");
  EXPECT_EQ(request(policy).options.requirement, Requirement::best_effort);
  EXPECT_EQ(request(policy).options.inheritance, Inheritance::children_sealed);
}

TEST(Policy, each_fault_is_told_where_it_is) {
  struct {
    const char *text, *fault;
  } const cases[] = {
      {"colour = 1", "1:1 there is no setting 'colour'"},
      {"\nengine = \"Native\"",
       "2:10 'engine' is one of auto|native|filter|keeper|strict, not "
       "'Native'"},
      {"engine = 1", "1:10 'engine' must be a string"},
      {"engine = \"\"",
       "1:10 'engine' is one of auto|native|filter|keeper|strict, not ''"},
      {"require = \"yes\"", "1:11 'require' must be true or false"},
      {"report = \"seals.txt\"", "1:10 'report' is an absolute path, or \"-\""},
      {"segments = []",
       "1:12 'segments' must be a list of strings that is not empty"},
      {"segments = \"text\"",
       "1:12 'segments' must be a list of strings that is not empty"},
      {"segments = [\"bss\"]",
       "1:13 'segments' knows text, rodata, relro, not 'bss'"},
      {"segments = [\"text,relro\"]",
       "1:13 'segments' knows text, rodata, relro, not 'text,relro'"},
      {"segments = [\"text\", \"text\"]",
       "1:12 'segments' names something twice, or all and more"},
      {"policy = \"none\"", "1:1 there is no setting 'policy'"},
      {"only = \"x\"", "1:1 there is no setting 'only'"},
      {"objects = 1", "1:11 'objects' must be a table: [objects]"},
      {"[objects]\nwithout = [\"a\"]",
       "2:1 there is no setting 'objects.without'"},
      {"[objects]\nonly = []",
       "2:8 'objects.only' must be a list that is not empty"},
      {"[objects]\nonly = [\"a;b\"]",
       "2:9 'a;b' is not a pattern: it is empty or has a comma, a semicolon or "
       "a zero byte"},
      {"[[objects.except]]\nglob = \"a\"",
       "1:1 the exception 'a' needs a reason"},
      {"[[objects.except]]\nglob = \"a\"\nreason = \"r\"\nwhy = \"b\"",
       "4:1 a pattern has glob and reason, not 'why'"},
      {"[[objects.only]]\nglob = \"a\"\nreason = 1",
       "3:10 'reason' must be a string"},
      {"types = [\"munmap\"]",
       "1:9 single types need engine = \"filter\" and on-violation = \"deny\": "
       "every other seal forbids all of them"},
      {"dlopen = \"seal\"\non-violation = \"kill\"",
       "1:10 'seal' lets dlclose try to unmap what is sealed, which "
       "'on-violation' punishes: say \"pin\" or \"skip\""},
  };
  for (const auto &c : cases) {
    Strings found = faults(c.text);
    ASSERT_FALSE(found.empty()) << c.text;
    EXPECT_EQ(found[0], c.fault);
  }
}

TEST(Policy, what_is_no_TOML_is_told_where_it_ends_to_be) {
  Strings found = faults("engine = \"auto\"\n[object");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("2:8 is no TOML")) << found[0];
}

TEST(Policy, all_faults_are_told_in_the_order_of_their_places) {
  Strings found = faults("z = 1\nengine = 2\na = 3\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_TRUE(found[0].starts_with("1:1"));
  EXPECT_TRUE(found[1].starts_with("2:10"));
  EXPECT_TRUE(found[2].starts_with("3:1"));
}

TEST(Policy, a_fault_is_told_with_its_file) {
  EXPECT_EQ(sentence("x.toml", {3, 7, "is wrong"}), "x.toml:3:7: is wrong");
  EXPECT_EQ(sentence("x.toml", {0, 0, "cannot be read"}),
            "'x.toml' cannot be read");
}

TEST(PolicyFile, that_cannot_be_read_or_is_too_large_is_a_fault) {
  launch::Folder folder;
  EXPECT_EQ(read_policy(folder.at("none")).faults.size(), 1u);
  EXPECT_EQ(read_policy(folder.path()).faults.size(), 1u);
  std::string fits(1 << 20, ' ');
  EXPECT_TRUE(read_policy(folder.write("fits", fits)).faults.empty());
  EXPECT_EQ(read_policy(folder.write("large", fits + " ")).faults.size(), 1u);
}

TEST(PolicyText, is_a_policy_that_says_the_same) {
  std::string text = policy_text(
      "two\nlines",
      {{"libjit.so*", "patches \"itself\"\n\\ and more"}, {"a\tb", "tabs"}});
  Policy policy = parse_policy(text);
  EXPECT_TRUE(policy.faults.empty()) << policy.faults[0].sentence;
  ASSERT_EQ(policy.except.size(), 2u);
  EXPECT_EQ(policy.except[0].glob, "libjit.so*");
  EXPECT_EQ(policy.except[0].reason, "patches \"itself\"\n\\ and more");
  EXPECT_EQ(policy.except[1].glob, "a\tb");
  EXPECT_TRUE(text.starts_with("# two\n# lines\n"));
  EXPECT_TRUE(parse_policy(policy_text("", {})).faults.empty());
}

}  // namespace
}  // namespace memseal::policy
