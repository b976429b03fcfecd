// SPDX-License-Identifier: Apache-2.0
// S-34: what a move to a fixed address replaces at most.
#include "filter/huge_pages.h"

#include <gtest/gtest.h>

namespace memseal::filter {
namespace {

constexpr std::uint64_t page = 4096, mib = 1 << 20, gib = 1 << 30;
constexpr auto x86 = Architecture::x86_64, arm = Architecture::arm64;
// A multiple of every size, far from the next one of the largest.
constexpr Address from = 0x7000'0000'0000, to = 0x7100'0000'0000;

Address end_of_move(Architecture architecture, Address old_begin,
                    Address new_begin, std::uint64_t size) {
  return last_byte_moved_onto(architecture, old_begin, new_begin,
                              new_begin + size - 1) +
         1;
}

TEST(HugePages, every_size_is_a_power_of_two_and_they_ascend) {
  for (Architecture architecture : {x86, arm}) {
    std::uint64_t before = page;
    for (std::uint64_t size : huge_page_sizes(architecture)) {
      EXPECT_EQ(size & (size - 1), 0u);
      EXPECT_GT(size, before);
      before = size;
    }
  }
}

TEST(HugePages, a_move_from_one_multiple_to_another_reaches_to_the_next_one) {
  for (Architecture architecture : {x86, arm}) {
    for (std::uint64_t size : huge_page_sizes(architecture)) {
      // Not a multiple of any larger size: these addresses are.
      EXPECT_EQ(end_of_move(architecture, from + size, to, page), to + size);
      EXPECT_EQ(end_of_move(architecture, from + size, to, size), to + size);
      EXPECT_EQ(end_of_move(architecture, from + size, to, size + 1),
                to + 2 * size);
    }
  }
}

TEST(HugePages, a_huge_page_behind_ordinary_ones_is_moved_with_them) {
  EXPECT_EQ(end_of_move(x86, from - page, to + 2 * mib - page, 2 * page),
            to + 4 * mib);
  // Twin: the range ends before the huge page begins.
  EXPECT_EQ(end_of_move(x86, from - page, to + 2 * mib - page, page),
            to + 2 * mib);
}

TEST(HugePages, where_none_can_begin_the_length_is_what_it_says) {
  EXPECT_EQ(end_of_move(x86, from + page, to + page, page), to + 2 * page);
  EXPECT_EQ(end_of_move(x86, from + page, to + page, 2 * mib - page),
            to + 2 * mib);
}

TEST(HugePages, addresses_that_no_size_fits_are_taken_as_they_are) {
  EXPECT_EQ(end_of_move(x86, from + page, to, page), to + page);
  EXPECT_EQ(end_of_move(x86, from, to + page, page), to + 2 * page);
  EXPECT_EQ(end_of_move(x86, from, to + 64 * 1024, page),
            to + 64 * 1024 + page);
  // Twin: arm64 has pages of 64 KiB.
  EXPECT_EQ(end_of_move(arm, from, to + 64 * 1024, page), to + 2 * 64 * 1024);
}

TEST(HugePages, the_largest_size_that_fits_decides) {
  EXPECT_EQ(end_of_move(x86, from, to + gib, page), to + 2 * gib);
  EXPECT_EQ(end_of_move(arm, from, to + 16 * gib, page), to + 32 * gib);
  // A page of 1 GiB cannot begin in this range, one of 2 MiB can.
  EXPECT_EQ(end_of_move(x86, from + 2 * mib, to + gib + 2 * mib, page),
            to + gib + 4 * mib);
}

// S-33.
TEST(HugePages, a_mapping_at_a_multiple_may_reach_to_the_next_one) {
  for (Architecture architecture : {x86, arm}) {
    for (std::uint64_t size : huge_page_sizes(architecture)) {
      auto end = [&](std::uint64_t alignment) {
        return last_byte_mapped(architecture, alignment, to + size) + 1;
      };
      EXPECT_EQ(end(to | size), to + 2 * size);
      EXPECT_EQ(end(to | size | page), to + size + 1);
    }
  }
  EXPECT_EQ(last_byte_mapped(x86, to | 64 * 1024, to), to);
  EXPECT_EQ(last_byte_mapped(arm, to | 64 * 1024, to), to + 64 * 1024 - 1);
}

TEST(HugePages, the_last_one_of_all_ends_with_memory) {
  constexpr Address top = ~Address{0};
  EXPECT_EQ(
      last_byte_moved_onto(x86, from, top - 2 * mib + 1, top - 2 * mib + page),
      top);
}

}  // namespace
}  // namespace memseal::filter
