// SPDX-License-Identifier: Apache-2.0
#include "sys/library_list.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace memseal::sys {
namespace {

std::vector<std::string> names_in(std::string_view list, ListSyntax syntax) {
  std::vector<std::string> names;
  for (;;) {
    std::string_view name = take_name(list, syntax);
    if (name.empty())
      return names;
    names.emplace_back(name);
  }
}

using Names = std::vector<std::string>;

TEST(LibraryList, an_audit_list_has_colons_and_names_with_blanks) {
  EXPECT_EQ(names_in("/a b.so:/c.so", ListSyntax::audit),
            (Names{"/a b.so", "/c.so"}));
  EXPECT_EQ(names_in(":::", ListSyntax::audit), Names{});
  EXPECT_EQ(names_in("", ListSyntax::audit), Names{});
}

TEST(LibraryList, a_preload_list_has_blanks_too) {
  EXPECT_EQ(names_in(" a.so  b.so:c.so:", ListSyntax::preload),
            (Names{"a.so", "b.so", "c.so"}));
}

TEST(LibraryList, the_preload_file_has_lines_and_comments) {
  EXPECT_EQ(names_in("# all of /a.so\n/b.so\t/c.so#/d.so\n#\n\n/e.so",
                     ListSyntax::preload_file),
            (Names{"/b.so", "/c.so", "/e.so"}));
  EXPECT_EQ(names_in("/a.so # last", ListSyntax::preload_file), Names{"/a.so"});
}

/// A folder with a file x.so and others that are, or are not, the same.
class LibraryFileTest : public testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/memseal-list-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
    for (const char *file : {"/x.so", "/x.so.backup.so", "/a b.so"})
      std::fclose(std::fopen((folder + file).c_str(), "w"));
    ASSERT_EQ(symlink((folder + "/x.so").c_str(), (folder + "/y.so").c_str()),
              0);
    ASSERT_EQ(mkdir((folder + "/in").c_str(), 0755), 0);
  }
  void TearDown() override {
    for (const char *file : {"/x.so", "/x.so.backup.so", "/a b.so", "/y.so"})
      unlink((folder + file).c_str());
    rmdir((folder + "/in").c_str());
    rmdir(folder.c_str());
  }
  std::string folder;
};

TEST_F(LibraryFileTest, is_one_file_under_all_its_names) {
  std::string path = folder + "/x.so";
  LibraryFile file(path.c_str());
  for (const char *name : {"/x.so", "/y.so", "/in/../x.so", "//./x.so"})
    EXPECT_TRUE(file.is(folder + name)) << name;
  for (const char *name :
       {"/x.so.backup.so", "/x.s", "/in/x.so", "/a b.so", "", "/in"})
    EXPECT_FALSE(file.is(folder + name)) << name;
  EXPECT_FALSE(file.is("x.so"));
}

TEST_F(LibraryFileTest, is_found_in_a_list_wherever_it_stands) {
  std::string path = folder + "/x.so";
  LibraryFile file(path.c_str());
  EXPECT_TRUE(file.is_in(folder + "/y.so", ListSyntax::audit));
  EXPECT_TRUE(file.is_in("/a.so:" + folder + "/y.so", ListSyntax::audit));
  EXPECT_TRUE(file.is_in("/a.so " + path + " b.so", ListSyntax::preload));
  EXPECT_FALSE(file.is_in("/a.so " + path, ListSyntax::audit));
  EXPECT_FALSE(file.is_in(path + ".backup.so:/a.so", ListSyntax::audit));
  EXPECT_FALSE(file.is_in("# " + path, ListSyntax::preload_file));
  EXPECT_FALSE(file.is_in("", ListSyntax::audit));
}

TEST_F(LibraryFileTest, that_is_not_there_has_one_name) {
  std::string path = folder + "/gone.so";
  LibraryFile file(path.c_str());
  EXPECT_TRUE(file.is(path));
  EXPECT_FALSE(file.is(folder + "/also-gone.so"));
  EXPECT_FALSE(file.is(folder + "/x.so"));
}

}  // namespace
}  // namespace memseal::sys
