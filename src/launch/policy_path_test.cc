// SPDX-License-Identifier: Apache-2.0
#include "launch/policy_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "launch/test_programs.h"
#include "support/in_child.h"

namespace memseal::launch {
namespace {

// A name that no machine has a policy for.
constexpr const char *program = "/usr/bin/memseal-test-program";
constexpr const char *policy = "/memseal/memseal-test-program.toml";
constexpr const char *of_the_system = "/etc/memseal/memseal-test-program.toml";

class PolicyPathTest : public testing::Test {
protected:
  /// The path that was found, "-" if there is none.
  std::string find(const std::vector<std::string> &environment,
                   const char *name = program) {
    std::vector<const char *> vector;
    for (const std::string &string : environment)
      vector.push_back(string.c_str());
    vector.push_back(nullptr);
    PathText path;
    return find_policy(vector.data(), name, path) ? path.c_str() : "-";
  }
  Folder folder_;
};

TEST_F(PolicyPathTest, is_that_of_the_user_by_the_programs_last_name) {
  std::string file = folder_.write(std::string(".config") + policy, "");
  std::string home = "HOME=" + folder_.path();
  EXPECT_EQ(find({home}), file);
  EXPECT_EQ(find({home}, "memseal-test-program"), file);
  EXPECT_EQ(find({home}, "./x/memseal-test-program"), file);
  EXPECT_EQ(find({home}, "memseal-test-program-2"), "-");
  EXPECT_EQ(find({}), "-");
}

TEST_F(PolicyPathTest, follows_XDG_CONFIG_HOME_instead_of_HOME) {
  std::string at_home = folder_.write(std::string(".config") + policy, "");
  std::string home = "HOME=" + folder_.path();
  std::string xdg = "XDG_CONFIG_HOME=" + folder_.at("xdg");
  EXPECT_EQ(find({home, xdg}), "-");
  std::string file = folder_.write(std::string("xdg") + policy, "");
  EXPECT_EQ(find({home, xdg}), file);
  // A relative one is to be ignored.
  EXPECT_EQ(find({home, "XDG_CONFIG_HOME=xdg"}), at_home);
}

TEST_F(PolicyPathTest, a_home_that_is_no_absolute_path_is_none) {
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  folder_.write(std::string("h/.config") + policy, "");
  EXPECT_EQ(find({"HOME=h"}), "-");
  EXPECT_EQ(find({"HOME=" + folder_.at("h")}),
            folder_.at(std::string("h/.config") + policy));
  std::filesystem::current_path(before);
}

TEST_F(PolicyPathTest, a_name_that_is_too_long_has_none) {
  std::string home = "HOME=/" + std::string(PATH_MAX, 'x');
  EXPECT_EQ(find({home}), "-");
}

// HOME of another user, after su or setuid: not this user's to obey.
TEST_F(PolicyPathTest, a_home_that_may_not_be_entered_is_passed_over) {
  folder_.write(std::string(".config") + policy, "");
  std::string home = "HOME=" + folder_.path();
  chmod(folder_.path().c_str(), 0);
  test::in_child([&] {
    if (geteuid() == 0)
      CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(find({home}), "-");
  });
  chmod(folder_.path().c_str(), 0755);
}

TEST_F(PolicyPathTest, of_the_system_is_found_without_any_home) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root to write to /etc";
  bool had_folder = std::filesystem::exists("/etc/memseal");
  std::filesystem::create_directories("/etc/memseal");
  std::ofstream(of_the_system) << "";
  EXPECT_EQ(find({}), of_the_system);
  std::string mine = folder_.write(std::string(".config") + policy, "");
  EXPECT_EQ(find({"HOME=" + folder_.path()}), mine);  // the user's wins
  std::filesystem::remove(of_the_system);
  if (!had_folder)
    std::filesystem::remove("/etc/memseal");
}

}  // namespace
}  // namespace memseal::launch
