// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "launch/test_programs.h"
#include "policy/policy_file.h"

namespace memseal::policy {
namespace {

class ReadPolicyTest : public testing::Test {
protected:
  void SetUp() override {
    file_ = folder_.write("d/x.toml", "engine = \"filter\"\n", 0644);
    chmod(folder_.at("d").c_str(), 0755);
  }
  std::string fault(Origin origin) {
    Policy policy = read_policy(file_, origin);
    EXPECT_EQ(policy.foreign, origin == Origin::home && !policy.faults.empty());
    return policy.faults.empty() ? "" : policy.faults.front().sentence;
  }
  launch::Folder folder_;
  std::string file_;
};

TEST_F(ReadPolicyTest, of_a_home_obeys_nobody_but_its_user_and_root) {
  EXPECT_EQ(fault(Origin::home), "");
  chmod(file_.c_str(), 0646);
  EXPECT_EQ(fault(Origin::home), "may be written to by other users");
  EXPECT_EQ(fault(Origin::system), "");
  EXPECT_EQ(fault(Origin::named), "");
  chmod(file_.c_str(), 0644);
  chmod(folder_.at("d").c_str(), 0775);
  EXPECT_EQ(fault(Origin::home),
            "is in a folder that may be written to by other users");
  chmod(folder_.at("d").c_str(), 0755);
  EXPECT_EQ(fault(Origin::home), "");
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root to give a file away";
  ASSERT_EQ(chown(file_.c_str(), 65534, 65534), 0);
  EXPECT_EQ(fault(Origin::home), "belongs to another user");
  EXPECT_EQ(fault(Origin::named), "");
}

TEST_F(ReadPolicyTest, that_was_found_is_a_regular_file) {
  file_ = folder_.at("d/pipe.toml");
  ASSERT_EQ(mkfifo(file_.c_str(), 0644), 0);
  for (Origin origin : {Origin::home, Origin::system}) {
    Policy policy = read_policy(file_, origin);
    ASSERT_EQ(policy.faults.size(), 1u);
    EXPECT_EQ(policy.faults[0].sentence,
              "cannot be read: it is no regular file");
    EXPECT_FALSE(policy.foreign);
  }
}

}  // namespace
}  // namespace memseal::policy
