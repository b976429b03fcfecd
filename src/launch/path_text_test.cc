// SPDX-License-Identifier: Apache-2.0
#include "launch/path_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace memseal::launch {
namespace {

TEST(PathText, is_put_together_and_always_terminated) {
  PathText path;
  EXPECT_EQ(path.view(), "");
  path.append("/usr").append("/").append("").append("lib");
  EXPECT_EQ(path.view(), "/usr/lib");
  EXPECT_STREQ(path.c_str(), "/usr/lib");
  EXPECT_EQ(path.clear().append("x").view(), "x");
}

TEST(PathText, takes_what_the_kernel_takes_and_no_byte_more) {
  PathText path;
  path.append(std::string(PATH_MAX - 1, 'x'));
  EXPECT_TRUE(path.fits());
  EXPECT_EQ(std::strlen(path.c_str()), PATH_MAX - 1u);
  path.append("");
  EXPECT_TRUE(path.fits());
  path.append("y");
  EXPECT_FALSE(path.fits());
}

TEST(PathText, that_did_not_fit_stays_invalid_whatever_is_appended) {
  PathText path;
  path.append("/a/").append(std::string(PATH_MAX, 'x')).append("b");
  EXPECT_FALSE(path.fits());
  EXPECT_EQ(path.view(), "/a/");  // never another path that exists
  EXPECT_TRUE(path.clear().append("b").fits());
}

TEST(PathParts, are_what_stands_before_and_behind_the_last_slash) {
  EXPECT_EQ(directory_of("/usr/bin/x"), "/usr/bin");
  EXPECT_EQ(directory_of("/x"), "");
  EXPECT_EQ(directory_of("x"), "");
  EXPECT_EQ(name_of("/usr/bin/x"), "x");
  EXPECT_EQ(name_of("x"), "x");
  EXPECT_EQ(name_of("/usr/bin/"), "");
}

}  // namespace
}  // namespace memseal::launch
