// SPDX-License-Identifier: Apache-2.0
// How much static thread-local storage a program's libraries want, where the
// loader would find them.
#include "launch/libraries.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "launch/test_programs.h"
#include "sys/mapped_file.h"

namespace memseal::launch {
namespace {

/// Names that no machine has.
std::string library(const std::string &name) {
  return "libmemseal-test-" + name + ".so";
}

class LibrariesTest : public testing::Test {
protected:
  void SetUp() override {
    if (std::filesystem::exists("/etc/ld.so.preload"))
      GTEST_SKIP() << "this machine preloads libraries into every program";
  }
  /// A library with `tls` bytes of storage, in this folder of the test's.
  void add(const std::string &folder, const std::string &name, Asks asks) {
    folder_.write(folder + "/" + library(name), elf_file(asks));
  }
  StaticTls walk(const Asks &program, const std::string &library_path = "",
                 const std::string &preload = "") {
    std::string path = folder_.write("bin/program", elf_file(program));
    program_path_ = path;
    file_ = sys::map_file(program_path_.c_str()).value().bytes;
    parsed_ = elf::File::create(file_, 4096).value();
    return libraries_->walk(*parsed_, {.program = program_path_,
                                       .library_path = library_path,
                                       .preload = preload});
  }

  Folder folder_;
  std::unique_ptr<Libraries> libraries_ = std::make_unique<Libraries>();
  std::string program_path_;
  elf::Bytes file_;
  std::optional<elf::File> parsed_;
};

TEST_F(LibrariesTest, a_program_without_libraries_wants_nothing_for_them) {
  StaticTls found = walk({.tls = 4000});
  EXPECT_EQ(found.bytes, 0u);
  EXPECT_FALSE(found.incomplete);
}

TEST_F(LibrariesTest, blocks_are_added_up_with_what_aligning_may_take) {
  add("lib", "a", {.tls = 100});
  add("lib", "b", {.tls = 2632, .tls_alignment = 64});
  StaticTls found =
      walk({.needed = {library("a"), library("b")}}, folder_.at("lib"));
  EXPECT_EQ(found.bytes, 100u + 2632 + 63);
  EXPECT_FALSE(found.incomplete);
}

TEST_F(LibrariesTest, libraries_of_libraries_count_and_each_counts_once) {
  add("lib", "a", {.needed = {library("b"), library("c")}, .tls = 1});
  add("lib", "b", {.needed = {library("a"), library("c")}, .tls = 10});
  add("lib", "c", {.tls = 100});
  EXPECT_EQ(walk({.needed = {library("a")}}, folder_.at("lib")).bytes, 111u);
}

TEST_F(LibrariesTest, one_that_is_there_by_its_soname_counts_once) {
  add("lib", "a-1.2", {.soname = library("a"), .tls = 7});
  EXPECT_EQ(
      walk({.needed = {library("a-1.2"), library("a")}}, folder_.at("lib"))
          .bytes,
      7u);
}

TEST_F(LibrariesTest, libc_is_known_without_being_looked_at) {
  StaticTls found = walk({.needed = {"libc.so.6", "libc.so.6"}}, "/nowhere");
  EXPECT_EQ(found.bytes, 144u + 63);
  EXPECT_FALSE(found.incomplete);
}

TEST_F(LibrariesTest, the_loader_itself_has_no_block) {
  EXPECT_EQ(
      walk({.interpreter = "/lib/ld-test.so.9", .needed = {"ld-test.so.9"}})
          .bytes,
      0u);
  EXPECT_FALSE(
      walk({.interpreter = "/lib/ld-test.so.9", .needed = {"ld-test.so.9"}})
          .incomplete);
}

TEST_F(LibrariesTest, one_that_is_not_found_is_told_whichever_it_is) {
  add("lib", "a", {.tls = 5});
  for (auto [first, second] : {std::pair("a", "b"), {"b", "a"}}) {
    StaticTls found =
        walk({.needed = {library(first), library(second)}}, folder_.at("lib"));
    EXPECT_EQ(found.bytes, 5u);
    EXPECT_TRUE(found.incomplete);
  }
}

TEST_F(LibrariesTest, a_library_path_is_searched_in_order) {
  add("first", "a", {.tls = 1});
  add("second", "a", {.tls = 2});
  Asks program{.needed = {library("a")}};
  std::string first = folder_.at("first"), second = folder_.at("second");
  EXPECT_EQ(walk(program, first + ":" + second).bytes, 1u);
  EXPECT_EQ(walk(program, second + ";" + first).bytes, 2u);
  EXPECT_EQ(walk(program, folder_.at("none") + ":" + second).bytes, 2u);
}

TEST_F(LibrariesTest, a_file_that_is_no_library_does_not_end_the_search) {
  folder_.write("text/" + library("a"), "not a library");
  add("lib", "a", {.tls = 2});
  EXPECT_EQ(walk({.needed = {library("a")}},
                 folder_.at("text") + ":" + folder_.at("lib"))
                .bytes,
            2u);
}

TEST_F(LibrariesTest, runpath_comes_behind_the_library_path_and_rpath_before) {
  add("own", "a", {.tls = 1});
  add("asked", "a", {.tls = 2});
  Asks runpath{.needed = {library("a")}, .runpath = "$ORIGIN/../own"};
  Asks rpath{.needed = {library("a")}, .rpath = "$ORIGIN/../own"};
  EXPECT_EQ(walk(runpath).bytes, 1u);  // controls
  EXPECT_EQ(walk(rpath).bytes, 1u);
  EXPECT_EQ(walk(runpath, folder_.at("asked")).bytes, 2u);
  EXPECT_EQ(walk(rpath, folder_.at("asked")).bytes, 1u);
}

// Source: ld.so(8): DT_RPATH of whoever needs it and of those above;
// DT_RUNPATH only of whoever needs it, and then no DT_RPATH at all.
TEST_F(LibrariesTest, rpath_holds_for_libraries_of_libraries_runpath_does_not) {
  add("own", "a", {.needed = {library("b")}, .tls = 1});
  add("own", "b", {.tls = 10});
  Asks rpath{.needed = {library("a")}, .rpath = "$ORIGIN/../own"};
  Asks runpath{.needed = {library("a")}, .runpath = "$ORIGIN/../own"};
  EXPECT_EQ(walk(rpath).bytes, 11u);
  StaticTls found = walk(runpath);
  EXPECT_EQ(found.bytes, 1u);
  EXPECT_TRUE(found.incomplete);
  // A library with a runpath of its own does not look at the program's rpath.
  add("own", "a", {.needed = {library("b")}, .runpath = "/nowhere", .tls = 1});
  EXPECT_TRUE(walk(rpath).incomplete);
}

TEST_F(LibrariesTest, the_origin_is_that_of_whoever_says_so) {
  add("own", "a",
      {.needed = {library("b")}, .runpath = "${ORIGIN}/deep", .tls = 1});
  add("own/deep", "b", {.tls = 10});
  EXPECT_EQ(walk({.needed = {library("a")}, .runpath = "$ORIGIN/../own"}).bytes,
            11u);
}

TEST_F(LibrariesTest, a_dollar_that_is_no_token_means_itself) {
  add("own/$OR", "a", {.tls = 3});
  EXPECT_EQ(
      walk({.needed = {library("a")}, .runpath = "$ORIGIN/../own/$OR"}).bytes,
      3u);
}

TEST_F(LibrariesTest, a_name_with_a_slash_is_not_searched_for) {
  add("own", "a", {.tls = 4});
  std::string path = folder_.at("own/" + library("a"));
  EXPECT_EQ(walk({.needed = {path}}).bytes, 4u);
  EXPECT_EQ(walk({.needed = {"$ORIGIN/../own/" + library("a")}}).bytes, 4u);
  EXPECT_TRUE(walk({.needed = {"/nowhere/" + library("a")}}, folder_.at("own"))
                  .incomplete);
}

TEST_F(LibrariesTest, what_is_preloaded_counts) {
  add("own", "a", {.tls = 4});
  add("own", "b", {.tls = 40});
  std::string a = folder_.at("own/" + library("a")),
              b = folder_.at("own/" + library("b"));
  EXPECT_EQ(walk({}, "", a + ":" + b).bytes, 44u);
  EXPECT_EQ(walk({}, "", " " + a + "  " + b).bytes, 44u);
  EXPECT_EQ(walk({.needed = {library("a")}}, folder_.at("own"), a).bytes, 8u)
      << "a path is another name than a plain one, and the sum is an upper "
         "bound";
}

TEST_F(LibrariesTest, a_second_walk_knows_nothing_of_the_first) {
  add("own", "a", {.tls = 4});
  EXPECT_EQ(walk({.needed = {library("a")}}, folder_.at("own")).bytes, 4u);
  EXPECT_TRUE(walk({.needed = {library("a")}}).incomplete);
  EXPECT_EQ(walk({}).bytes, 0u);
}

}  // namespace
}  // namespace memseal::launch
