// SPDX-License-Identifier: Apache-2.0
#include "options/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace memseal {
namespace {

TEST(Glob, plain_text_matches_itself_and_nothing_else) {
  EXPECT_TRUE(glob_match("libc.so.6", "libc.so.6"));
  EXPECT_FALSE(glob_match("libc.so.6", "libc.so.61"));
  EXPECT_FALSE(glob_match("libc.so.6", "libc.so."));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a", ""));
}

TEST(Glob, a_star_takes_any_run_of_bytes_none_and_slashes_included) {
  EXPECT_TRUE(glob_match("lib*.so*", "libssl.so.3"));
  EXPECT_TRUE(glob_match("lib*.so*", "lib.so"));
  EXPECT_TRUE(glob_match("/usr/*.so", "/usr/lib/x/y.so"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("***", "abc"));
  EXPECT_FALSE(glob_match("lib*.so", "libssl.so.3"));
}

TEST(Glob, a_star_tries_every_place_it_could_end) {
  EXPECT_TRUE(glob_match("a*ab", "aaab"));
  EXPECT_TRUE(glob_match("*a*b*c", "xaxbxbxc"));
  EXPECT_FALSE(glob_match("*a*b*c", "xaxcxb"));
}

TEST(Glob, a_question_mark_takes_exactly_one_byte) {
  EXPECT_TRUE(glob_match("libc.so.?", "libc.so.6"));
  EXPECT_FALSE(glob_match("libc.so.?", "libc.so."));
  EXPECT_FALSE(glob_match("libc.so.?", "libc.so.66"));
}

TEST(Glob, a_set_takes_one_of_its_bytes) {
  EXPECT_TRUE(glob_match("lib[a-cx].so", "libb.so"));
  EXPECT_TRUE(glob_match("lib[a-cx].so", "libx.so"));
  EXPECT_FALSE(glob_match("lib[a-cx].so", "libd.so"));
  EXPECT_TRUE(glob_match("lib[!a-c].so", "libd.so"));
  EXPECT_FALSE(glob_match("lib[!a-c].so", "libc.so"));
  EXPECT_TRUE(glob_match("[]a]", "]"));
  EXPECT_TRUE(glob_match("[a-]", "-"));
  EXPECT_TRUE(glob_match("[\x80-\xff]", "\xc3"));  // bytes have no sign
}

TEST(Glob, an_open_bracket_without_its_end_stands_for_itself) {
  EXPECT_TRUE(glob_match("[abc", "[abc"));
  EXPECT_FALSE(glob_match("[abc", "a"));
}

TEST(Glob, a_backslash_takes_the_meaning_away) {
  EXPECT_TRUE(glob_match("\\*", "*"));
  EXPECT_FALSE(glob_match("\\*", "a"));
  EXPECT_TRUE(glob_match("a\\", "a\\"));
}

TEST(Glob, hostile_patterns_end_soon) {
  std::string pattern, text(2000, 'a');
  for (int i = 0; i < 100; ++i)
    pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", text));
}

TEST(ObjectNames, a_pattern_without_a_slash_sees_the_last_part_of_the_path) {
  EXPECT_TRUE(names_object("libc.so*", "/lib/x86_64-linux-gnu/libc.so.6"));
  EXPECT_FALSE(names_object("x86*", "/lib/x86_64-linux-gnu/libc.so.6"));
}

TEST(ObjectNames, a_pattern_with_a_slash_sees_the_whole_path) {
  EXPECT_TRUE(names_object("/lib/*/libc.so.6", "/lib/x/libc.so.6"));
  EXPECT_FALSE(names_object("lib/libc.so.6", "/lib/libc.so.6"));
}

TEST(ObjectNames, any_pattern_of_the_list_is_enough) {
  EXPECT_TRUE(names_object("a,b,,c", "/x/c"));
  EXPECT_FALSE(names_object("a,b,,c", "/x/"));
  EXPECT_FALSE(names_object("", "/x/c"));
}

TEST(ObjectNames, the_vdso_is_named_as_it_is_spelled) {
  EXPECT_TRUE(names_object("[vdso]", "[vdso]"));
  EXPECT_FALSE(names_object("[vdso]", "libv"));
}

TEST(ObjectNames, each_pattern_that_names_an_object_is_told) {
  EXPECT_EQ(patterns_naming("a,b,,c*,c", "/x/c"), 0b11000u);
  EXPECT_EQ(patterns_naming("a,b", "/x/c"), 0u);
  std::string many;
  for (int i = 0; i < 70; ++i)
    many += "x,";
  EXPECT_EQ(patterns_naming(many + "c", "/x/c"), std::uint64_t{1} << 63);
}

TEST(Selection, an_object_has_the_name_of_the_link_and_of_the_file) {
  RunOptions options;
  options.except = "libq.so.1.2,libr.so";
  PatternsMet met;
  EXPECT_TRUE(selects(options, "/l/libq.so"));
  EXPECT_FALSE(selects(options, "/l/libq.so", "/l/libq.so.1.2", &met));
  EXPECT_FALSE(selects(options, "/l/libr.so", "/l/libr.so.7"));
  EXPECT_TRUE(selects(options, "/l/libs.so", "/l/libs.so.7", &met));
  EXPECT_EQ(met.except, 1u);
  EXPECT_EQ(met.only, 0u);
  options = {};
  options.only = "libq.so.1.2";
  EXPECT_TRUE(selects(options, "/l/libq.so", "/l/libq.so.1.2"));
  EXPECT_FALSE(selects(options, "/l/libq.so"));
}

TEST(Selection, except_wins_over_only_and_nothing_means_everything) {
  RunOptions options;
  EXPECT_TRUE(selects(options, "/lib/libc.so.6"));
  options.only = "lib*";
  EXPECT_TRUE(selects(options, "/lib/libc.so.6"));
  EXPECT_FALSE(selects(options, "/bin/true"));
  options.except = "libc.*";
  EXPECT_FALSE(selects(options, "/lib/libc.so.6"));
  EXPECT_TRUE(selects(options, "/lib/libm.so.6"));
}

}  // namespace
}  // namespace memseal
