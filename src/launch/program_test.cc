// SPDX-License-Identifier: Apache-2.0
#include "launch/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace memseal::launch {
namespace {

namespace fs = std::filesystem;

class ProgramTest : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "memseal-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    fs::create_directories(directory_ / "a");
    fs::create_directories(directory_ / "b");
    before_ = fs::current_path();
    fs::current_path(directory_);
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(directory_);
  }
  void write(const char *name, std::string_view text, mode_t mode = 0755) {
    std::ofstream(name) << text;
    chmod(name, mode);
  }
  /// Where a name is found, or the obstacle.
  std::string find(std::string_view name,
                   std::optional<std::string_view> path = "a:b") {
    if (auto done = find_program(name, path, path_); !done)
      return std::string("! ") + sentence(done.error().obstacle);
    return path_.c_str();
  }
  Obstacle obstacle(const char *path) {
    auto program = inspect(path, path_);
    EXPECT_FALSE(program.has_value());
    return program.error().obstacle;
  }

  fs::path directory_, before_;
  PathText path_;
};

const std::string missing = std::string("! ") + sentence(Obstacle::not_found);
const std::string refused =
    std::string("! ") + sentence(Obstacle::not_executable);

TEST_F(ProgramTest, is_the_first_executable_file_of_its_name_in_PATH) {
  write("b/x", "");
  EXPECT_EQ(find("x"), "b/x");
  write("a/x", "");
  EXPECT_EQ(find("x"), "a/x");
  EXPECT_EQ(find("x", "b:a"), "b/x");
  EXPECT_EQ(find("y"), missing);
}

TEST_F(ProgramTest, a_file_that_may_not_be_executed_does_not_end_the_search) {
  write("a/x", "", 0644);
  EXPECT_EQ(find("x"), refused);
  write("b/x", "");
  EXPECT_EQ(find("x"), "b/x");
}

TEST_F(ProgramTest, a_directory_is_not_a_program) {
  fs::create_directory("a/x");
  EXPECT_EQ(find("x"), refused);
  EXPECT_EQ(find("a/x"), refused);
}

TEST_F(ProgramTest, an_empty_entry_of_PATH_is_the_working_directory) {
  write("x", "");
  EXPECT_EQ(find("x", "a:b"), missing);  // control
  EXPECT_EQ(find("x", "a::b"), "x");
  EXPECT_EQ(find("x", ":a"), "x");
  EXPECT_EQ(find("x", "a:"), "x");
  EXPECT_EQ(find("x", ""), "x");
}

TEST_F(ProgramTest, without_PATH_the_systems_directories_are_searched) {
  EXPECT_EQ(find("true", std::nullopt), "/bin/true");
}

TEST_F(ProgramTest, a_name_with_a_slash_is_not_searched_for) {
  write("a/x", "");
  EXPECT_EQ(find("./x"), missing);
  EXPECT_EQ(find("a/x"), "a/x");
  EXPECT_EQ(find(""), missing);
}

TEST_F(ProgramTest, a_dynamic_program_names_its_loader) {
  auto program = inspect("/bin/true", path_);
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->loader, Loader::glibc);
  EXPECT_EQ(program->path, "/bin/true");
  EXPECT_FALSE(program->through_env);
}

TEST_F(ProgramTest, of_a_script_the_interpreter_is_looked_at) {
  write("s", "#! \t/bin/true arg\necho\n");
  EXPECT_EQ(inspect("s", path_)->path, "/bin/true");
  write("t", "#!/usr/bin/env true\n");
  EXPECT_TRUE(inspect("t", path_)->through_env);
  write("u", "#!./s\n");
  EXPECT_EQ(inspect("u", path_)->path, "/bin/true");
}

TEST_F(ProgramTest, scripts_of_scripts_end_where_the_kernel_ends_them) {
  write("s0", "#!/bin/true\n");
  for (int i = 1; i < 6; ++i)
    write(("s" + std::to_string(i)).c_str(),
          "#!./s" + std::to_string(i - 1) + "\n");
  EXPECT_TRUE(inspect("s4", path_).has_value());
  EXPECT_EQ(obstacle("s5"), Obstacle::endless_script);
}

TEST_F(ProgramTest, what_is_no_program_is_refused) {
  write("text", "echo\n");
  EXPECT_EQ(obstacle("text"), Obstacle::not_a_program);
  write("empty", "");
  EXPECT_EQ(obstacle("empty"), Obstacle::not_a_program);
  write("nobody", "#!\n");
  EXPECT_EQ(obstacle("nobody"), Obstacle::not_a_program);
  write("lost", "#!./nosuch\n");
  EXPECT_EQ(obstacle("lost"), Obstacle::interpreter_missing);
  write("dull", "#!./text2\n");
  write("text2", "", 0644);
  EXPECT_EQ(obstacle("dull"), Obstacle::not_executable);
}

TEST_F(ProgramTest, of_a_foreign_elf_file_the_kind_is_told) {
  std::string header(
      "\x7f"
      "ELF\x01\x01\x01",
      7);
  header.resize(64);
  write("thirty-two", header);
  EXPECT_EQ(obstacle("thirty-two"), Obstacle::thirty_two_bit);
  header[4] = 2;
  header[5] = 2;
  write("big-endian", header);
  EXPECT_EQ(obstacle("big-endian"), Obstacle::other_machine);
  header[5] = 1;
  header[18] = '\xf7';  // EM_BPF
  write("bpf", header);
  EXPECT_EQ(obstacle("bpf"), Obstacle::other_machine);
}

TEST_F(ProgramTest, that_gains_privileges_is_refused_unless_it_does_not) {
  fs::copy_file("/bin/true", "set-user");
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root to give a file away";
  ASSERT_EQ(chown("set-user", 65534, 65534), 0);
  chmod("set-user", 0755);
  EXPECT_TRUE(inspect("set-user", path_).has_value());  // control
  chmod("set-user", 04755);
  EXPECT_EQ(obstacle("set-user"), Obstacle::raises_privileges);
  chmod("set-user", 02755);
  EXPECT_EQ(obstacle("set-user"), Obstacle::raises_privileges);
  chmod("set-user", 02745);  // setgid without group execution means nothing
  EXPECT_TRUE(inspect("set-user", path_).has_value());
}

}  // namespace
}  // namespace memseal::launch
