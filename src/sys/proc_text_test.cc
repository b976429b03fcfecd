// SPDX-License-Identifier: Apache-2.0
#include "sys/proc_text.h"

#include <gtest/gtest.h>

namespace memseal::sys {
namespace {

TEST(StatusField, is_the_value_without_blanks_around) {
  constexpr std::string_view text =
      "Name:\tcat\nUmask:\t0022\nState:\tR (running)\nVmPeak:\t    3040 kB\n"
      "Groups:\t0 4 \nNStgid:\t7\n";
  EXPECT_EQ(status_field(text, "Name"), "cat");
  EXPECT_EQ(status_field(text, "State"), "R (running)");
  EXPECT_EQ(status_field(text, "VmPeak"), "3040 kB");
  EXPECT_EQ(status_field(text, "Groups"), "0 4");
}

TEST(StatusField, is_empty_where_there_is_none) {
  EXPECT_EQ(status_field("", "Name"), "");
  EXPECT_EQ(status_field("Name:\tcat\n", "Seccomp"), "");
  EXPECT_EQ(status_field("Name", "Name"), "");
  EXPECT_EQ(status_field("Name:", "Name"), "");
  EXPECT_EQ(status_field("Groups:\t \n", "Groups"), "");
}

TEST(StatusField, is_found_by_its_whole_name_at_the_begin_of_a_line) {
  constexpr std::string_view text =
      "Name:\tSeccomp:\t0\nNStgid:\t9\nSeccomp_filters:\t3\nTgid:\t7\n"
      "Seccomp:\t2\n";
  EXPECT_EQ(status_field(text, "Tgid"), "7");
  EXPECT_EQ(status_field(text, "Seccomp"), "2");
  EXPECT_EQ(status_field(text, "Seccomp_filters"), "3");
}

// The kernel writes a newline in a name as backslash and n.
TEST(StatusField, is_not_found_in_a_name_that_looks_like_lines) {
  constexpr std::string_view text = "Name:\tx\\nTgid:\t1\nTgid:\t7\n";
  EXPECT_EQ(status_field(text, "Tgid"), "7");
}

TEST(StatusField, may_end_with_the_text) {
  EXPECT_EQ(status_field("Tgid:\t7", "Tgid"), "7");
}

TEST(LeadingNumber, ends_with_its_digits) {
  EXPECT_EQ(leading_number("0"), 0u);
  EXPECT_EQ(leading_number("1000\t1001\t"), 1000u);
  EXPECT_EQ(leading_number("231 0x1 0x2"), 231u);
  EXPECT_EQ(leading_number(""), std::nullopt);
  EXPECT_EQ(leading_number("running"), std::nullopt);
  EXPECT_EQ(leading_number("-1"), std::nullopt);
}

TEST(LeadingNumber, has_sixty_four_bits) {
  EXPECT_EQ(leading_number("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(leading_number("18446744073709551616"), std::nullopt);
  EXPECT_EQ(leading_number("99999999999999999999999"), std::nullopt);
}

TEST(StatField, is_counted_from_behind_the_name) {
  constexpr std::string_view text = "12 (a) b) (c d) S 4 5 6 7 8 9 10\n";
  EXPECT_EQ(stat_field(text, 4), 4u);
  EXPECT_EQ(stat_field(text, 9), 9u);
  EXPECT_EQ(stat_field(text, 10), 10u);
}

TEST(StatField, is_nothing_behind_the_end) {
  EXPECT_EQ(stat_field("12 (a) S 4 5\n", 6), std::nullopt);
  EXPECT_EQ(stat_field("12 (a", 4), std::nullopt);
  EXPECT_EQ(stat_field("", 4), std::nullopt);
  EXPECT_EQ(stat_field("12 (a) S 99999999999999999999 5\n", 4), std::nullopt);
}

TEST(StatField, of_a_file_that_is_not_there_is_nothing) {
  EXPECT_EQ(read_stat_field("/proc/self/no such file", 4), std::nullopt);
  EXPECT_NE(read_stat_field("/proc/self/stat", 22).value_or(0), 0u);
}

}  // namespace
}  // namespace memseal::sys
