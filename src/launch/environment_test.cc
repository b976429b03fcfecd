// SPDX-License-Identifier: Apache-2.0
#include "launch/environment.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace memseal::launch {
namespace {

using Strings = std::vector<std::string>;

class EnvironmentTest : public testing::Test {
protected:
  void begin(Strings strings) {
    inherited_ = std::move(strings);
    vector_.clear();
    for (std::string &string : inherited_)
      vector_.push_back(string.data());
    vector_.push_back(nullptr);
    ASSERT_TRUE(environment_->begin(vector_.data()));
  }
  Result<void> set(std::string_view name, std::string_view value) {
    std::string_view parts[] = {value.substr(0, 1), value.substr(1)};
    return environment_->set(name, parts);
  }
  Strings strings() {
    Strings out;
    for (char *const *at = environment_->vector(); *at != nullptr; ++at)
      out.push_back(*at);
    return out;
  }

  Strings inherited_;
  std::vector<char *> vector_;
  std::unique_ptr<Environment> environment_ = std::make_unique<Environment>();
};

TEST_F(EnvironmentTest, begins_as_it_was_inherited) {
  begin({"A=1", "B=2", "odd"});
  EXPECT_EQ(strings(), (Strings{"A=1", "B=2", "odd"}));
  EXPECT_EQ(environment_->get("A"), "1");
  EXPECT_EQ(environment_->get("odd"), std::nullopt);
  EXPECT_EQ(environment_->get("AB"), std::nullopt);
  EXPECT_EQ(environment_->get(""), std::nullopt);
}

TEST_F(EnvironmentTest, setting_replaces_every_earlier_value) {
  begin({"A=1", "AA=0", "A=2"});
  ASSERT_TRUE(set("A", "345"));
  EXPECT_EQ(strings(), (Strings{"AA=0", "A=345"}));
  EXPECT_STREQ(vector_[0], "A=1");  // the inherited vector is untouched
}

TEST_F(EnvironmentTest, of_several_values_the_first_counts) {
  begin({"A=1", "A=2"});
  EXPECT_EQ(environment_->get("A"), "1");
}

TEST_F(EnvironmentTest, a_value_may_be_made_from_the_one_it_replaces) {
  begin({});
  ASSERT_TRUE(set("A", "old"));
  std::string_view parts[] = {"new:", *environment_->get("A")};
  ASSERT_TRUE(environment_->set("A", parts));
  EXPECT_EQ(strings(), (Strings{"A=new:old"}));
}

TEST_F(EnvironmentTest, what_does_not_fit_is_refused) {
  begin({"A=1"});
  EXPECT_EQ(set("B", std::string(600 * 1024, 'x')), fail(Errc::capacity));
  EXPECT_EQ(strings(), Strings{"A=1"});
  Strings many(40000, "A=1");
  std::vector<char *> vector;
  for (std::string &string : many)
    vector.push_back(string.data());
  vector.push_back(nullptr);
  EXPECT_EQ(environment_->begin(vector.data()), fail(Errc::capacity));
}

}  // namespace
}  // namespace memseal::launch
