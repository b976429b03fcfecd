// SPDX-License-Identifier: Apache-2.0
#include "service/drop_in.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "launch/test_programs.h"

namespace memseal::service {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string content(const std::string &file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(DropIn, variables_of_ours_are_known_by_their_whole_names) {
  for (const char *assignment :
       {"LD_AUDIT=/x", "LD_PRELOAD=", "GLIBC_TUNABLES=a=1", "MEMSEAL_OPTIONS=x",
        "MEMSEAL_KEEPER=/k", "MEMSEAL_PROVIDE=always"})
    EXPECT_TRUE(names_ours(assignment)) << assignment;
  for (const char *assignment :
       {"LD_AUDITS=/x", "LD_AUDIT", "XLD_AUDIT=/x", "PATH=/bin", ""})
    EXPECT_FALSE(names_ours(assignment)) << assignment;
}

class DropInTest : public testing::Test {
protected:
  void SetUp() override {
    if (fs::exists("/etc/ld.so.preload"))
      GTEST_SKIP() << "this machine preloads libraries into every program";
    for (const char *part :
         {"here/memseal", "here/memseal-tool", "here/libmemseal-audit.so",
          "here/libmemseal-preload.so", "here/libmemseal-provide.so"})
      folder_.write(part, "");
    name_.emplace(folder_.at("here/memseal"));
    folder_.write("root/bin/dynamic",
                  launch::elf_file({.interpreter = "/lib64/ld-linux.so.2"}));
    folder_.write("root/bin/static", launch::elf_file({}));
    unit_.name = "x.service";
  }
  Refusable<Strings, process::Refusal> assignments(
      const std::string &program, const std::string &policy = "") {
    policy_ = policy::parse_policy(
        "engine = \"native\"\nprovide-mseal = \"never\"\n" + policy);
    EXPECT_TRUE(policy_.faults.empty());
    return assignments_for(Root(folder_.at("root")), unit_, program, policy_);
  }

  launch::Folder folder_;
  std::optional<launch::StartedAs> name_;
  Unit unit_;
  policy::Policy policy_;
};

TEST_F(DropInTest, sets_what_a_run_would_set) {
  auto made = assignments("/bin/dynamic");
  ASSERT_TRUE(made) << sentence(made.error());
  EXPECT_EQ(*made,
            (Strings{"LD_AUDIT=" + folder_.at("here/libmemseal-audit.so"),
                     "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096",
                     "MEMSEAL_OPTIONS=engine=native"}));
}

TEST_F(DropInTest, goes_on_from_what_the_unit_sets_itself) {
  unit_.environment = {"A=1", "LD_AUDIT=/x/other.so"};
  EXPECT_EQ(
      (*assignments("/bin/dynamic"))[0],
      "LD_AUDIT=" + folder_.at("here/libmemseal-audit.so") + ":/x/other.so");
}

TEST_F(DropInTest, names_the_module_without_the_detours_it_was_found_by) {
  folder_.write("usr/lib/memseal/libmemseal-audit.so", "");
  folder_.write("usr/libexec/memseal/memseal-tool", "");
  name_.reset();
  name_.emplace(folder_.at("usr/libexec/memseal/memseal-tool"));
  EXPECT_EQ((*assignments("/bin/dynamic"))[0],
            "LD_AUDIT=" + folder_.at("usr/lib/memseal/libmemseal-audit.so"));
}

TEST_F(DropInTest, refuses_what_needs_a_process_beside_the_service) {
  EXPECT_TRUE(assignments("/bin/dynamic"));  // control
  EXPECT_FALSE(assignments("/bin/static"));
  EXPECT_FALSE(assignments("/bin/none"));
  EXPECT_FALSE(assignments("/bin/dynamic", "how = \"trace\"\n"));
  EXPECT_FALSE(assignments("/bin/dynamic", "on-violation = \"report\"\n"));
  auto keeper = assignments_for(Root(folder_.at("root")), unit_, "/bin/dynamic",
                                policy::parse_policy("engine = \"keeper\""));
  ASSERT_FALSE(keeper);
  EXPECT_NE(sentence(keeper.error()).find("needs a process beside"),
            std::string::npos);
  EXPECT_TRUE(assignments_for(Root(folder_.at("root")), unit_, "/bin/dynamic",
                              policy::parse_policy("engine = \"filter\"")));
}

TEST_F(DropInTest, is_written_so_that_systemd_reads_it_back) {
  DropIn drop_in{unit_, policy_, "", {"A=two words", "B=50%"}};
  EXPECT_EQ(drop_in.text(),
            "# Made by memseal: `memseal disable x.service` removes it.\n"
            "# Policy: none. After a change to it, say `memseal enable` "
            "again.\n"
            "[Service]\n"
            "Environment=\"A=two words\"\n"
            "Environment=\"B=50%%\"\n");
}

TEST_F(DropInTest, allows_mseal_where_the_unit_lists_what_it_allows) {
  auto text = [&](const char *policy) {
    policy_ = policy::parse_policy(policy);
    return DropIn{unit_, policy_, "", {}}.text();
  };
  EXPECT_EQ(text("").find("SystemCallFilter"), std::string::npos);
  unit_.call_filters = {"~@clock"};
  EXPECT_EQ(text("").find("SystemCallFilter"), std::string::npos);
  unit_.call_filters = {"@system-service"};
  EXPECT_NE(text("").find("\nSystemCallFilter=mseal\n"), std::string::npos);
  EXPECT_NE(text("engine = \"filter\"").find("=mseal seccomp\n"),
            std::string::npos);
}

TEST_F(DropInTest, is_known_as_ours_by_its_first_line) {
  Root root(folder_.path());
  EXPECT_FALSE(is_ours(root, "/ours.conf"));
  EXPECT_TRUE(
      write_whole(root, "/ours.conf", DropIn{unit_, policy_, "", {}}.text()));
  EXPECT_TRUE(is_ours(root, "/ours.conf"));
  fs::create_symlink("ours.conf", folder_.at("link.conf"));
  EXPECT_FALSE(is_ours(root, "/link.conf"));
  folder_.write("other.conf", "[Service]\n# Made by memseal: no\n");
  EXPECT_FALSE(is_ours(root, "/other.conf"));
}

TEST_F(DropInTest, a_file_is_written_whole_into_folders_that_are_made) {
  std::string file = folder_.at("a/b/c.conf");
  Root root(folder_.path());
  EXPECT_TRUE(write_whole(root, "/a/b/c.conf", "one\n"));
  EXPECT_EQ(content(file), "one\n");
  EXPECT_TRUE(write_whole(root, "/a/b/c.conf", "two\n"));
  EXPECT_EQ(content(file), "two\n");
  EXPECT_FALSE(fs::exists(file + ".new"));
}

TEST_F(DropInTest, a_file_that_cannot_be_written_is_told_and_nothing_stays) {
  Root root(folder_.path());
  folder_.write("file", "x");
  EXPECT_FALSE(write_whole(root, "/file/below.conf", "text"));
  std::string folder = folder_.at("folder.conf");
  fs::create_directories(folder + "/full");
  EXPECT_FALSE(write_whole(root, "/folder.conf", "text"));
  EXPECT_FALSE(fs::exists(folder + ".new"));
  EXPECT_TRUE(fs::exists(folder + "/full"));
}

}  // namespace
}  // namespace memseal::service
