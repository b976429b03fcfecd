// SPDX-License-Identifier: Apache-2.0
#include "service/root.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "launch/test_programs.h"
#include "policy/policy_file.h"
#include "service/drop_in.h"

namespace memseal::service {
namespace {

namespace fs = std::filesystem;

class RootTest : public testing::Test {
protected:
  void SetUp() override {
    fs::create_directories(folder_.at("image/etc"));
    folder_.write("host/secret", "of the host", 0644);
  }
  void link(const std::string &to, const std::string &at) {
    fs::create_symlink(to, folder_.at("image/" + at));
  }
  std::string text(const std::string &path) {
    return Root(folder_.at("image")).text(path);
  }
  launch::Folder folder_;
};

TEST_F(RootTest, links_lead_to_what_they_mean_in_the_image) {
  folder_.write("image/etc/file", "of the image", 0644);
  link("/etc/file", "absolute");
  link("etc/../etc/./file", "relative");
  link("/absolute", "twice");
  link("/etc", "folder");
  for (const char *path : {"/etc/file", "/absolute", "/relative", "/twice",
                           "/folder/file", "/../../etc/file", "//etc//file"})
    EXPECT_EQ(text(path), "of the image") << path;
  EXPECT_EQ(Root(folder_.at("image")).real("/twice"),
            folder_.at("image/etc/file"));
}

TEST_F(RootTest, no_path_leads_out_of_the_image) {
  link(folder_.at("host/secret"), "absolute");
  link("../host/secret", "relative");
  link("../host", "folder");
  link("loop", "loop");
  // The control: the kernel's own way goes there.
  std::ifstream followed(folder_.at("image/relative"));
  EXPECT_TRUE(followed.is_open());
  for (const char *path : {"/absolute", "/relative", "/folder/secret",
                           "/../host/secret", "/loop", "/none"})
    EXPECT_EQ(text(path), "") << path;
}

TEST_F(RootTest, nothing_is_written_through_a_link) {
  Root root(folder_.at("image"));
  link(folder_.at("host/secret"), "etc/x.conf.new");
  EXPECT_TRUE(write_whole(root, "/etc/x.conf", "text"));
  EXPECT_EQ(text("/etc/x.conf"), "text");
  link(folder_.at("host/secret"), "etc/y.conf");
  EXPECT_TRUE(write_whole(root, "/etc/y.conf", "text"));
  EXPECT_EQ(text("/etc/y.conf"), "text");
  link(folder_.at("host"), "out");
  static_cast<void>(write_whole(root, "/out/new", "text"));
  EXPECT_FALSE(fs::exists(folder_.at("host/new")));
  std::ifstream secret(folder_.at("host/secret"));
  std::string line;
  std::getline(secret, line);
  EXPECT_EQ(line, "of the host");
}

TEST_F(RootTest, a_pipe_is_not_waited_for) {
  ASSERT_EQ(mkfifo(folder_.at("image/pipe").c_str(), 0644), 0);
  EXPECT_EQ(text("/pipe"), "");
}

}  // namespace
}  // namespace memseal::service
