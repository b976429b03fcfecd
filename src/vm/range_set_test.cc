// SPDX-License-Identifier: Apache-2.0
#include "vm/range_set.h"

#include <gtest/gtest.h>

#include <bitset>
#include <random>
#include <vector>

namespace memseal {
namespace {

constexpr std::size_t page = 4096;

PageRange pages(Address first, std::size_t count) {
  return *PageRange::create(first * page, count * page, page);
}

std::vector<PageRange> runs(const RangeSet &set) {
  return {set.runs().begin(), set.runs().end()};
}

TEST(RangeSet, touching_ranges_become_one) {
  InlineRangeSet<4> set;
  ASSERT_TRUE(set->add(pages(1, 1)));
  ASSERT_TRUE(set->add(pages(3, 1)));
  EXPECT_EQ(set->size(), 2u);
  ASSERT_TRUE(set->add(pages(2, 1)));
  EXPECT_EQ(runs(*set), std::vector{pages(1, 3)});
}

TEST(RangeSet, carving_the_middle_leaves_two_pieces) {
  InlineRangeSet<4> set;
  ASSERT_TRUE(set->add(pages(0, 10)));
  ASSERT_TRUE(set->carve(pages(3, 2)));
  EXPECT_EQ(runs(*set), (std::vector{pages(0, 3), pages(5, 5)}));
  EXPECT_EQ(set->bytes(), 8 * page);
}

TEST(RangeSet, a_full_set_refuses_and_stays_as_it_was) {
  InlineRangeSet<2> set;
  ASSERT_TRUE(set->add(pages(1, 3)));
  ASSERT_TRUE(set->add(pages(10, 1)));
  auto before = runs(*set);
  EXPECT_EQ(set->add(pages(20, 1)), fail(Errc::capacity));
  EXPECT_EQ(set->carve(pages(2, 1)), fail(Errc::capacity));
  EXPECT_EQ(runs(*set), before);
  EXPECT_TRUE(set->add(pages(4, 6)));  // joins both: needs no room
  EXPECT_EQ(runs(*set), std::vector{pages(1, 10)});
}

TEST(RangeSet, agrees_with_a_bitmap_over_random_changes) {
  std::mt19937 random(1);
  constexpr std::size_t space = 64;
  for (int round = 0; round < 200; ++round) {
    InlineRangeSet<space> set;
    std::bitset<space> bitmap;
    for (int step = 0; step < 40; ++step) {
      std::size_t first = random() % (space - 1);
      std::size_t count =
          1 + random() % std::min<std::size_t>(9, space - first);
      bool adds = (random() & 1) != 0;
      ASSERT_TRUE(adds ? set->add(pages(first, count))
                       : set->carve(pages(first, count)));
      for (std::size_t i = first; i < first + count; ++i)
        bitmap[i] = adds;

      for (std::size_t i = 0; i < space; ++i)
        ASSERT_EQ(set->contains(i * page), bitmap[i]);
      ASSERT_EQ(set->bytes(), bitmap.count() * page);
      for (std::size_t i = 1; i < set->size(); ++i)
        ASSERT_LT(set->runs()[i - 1].end(), set->runs()[i].begin());

      std::size_t from = random() % (space - 8), length = 1 + random() % 8;
      bool all = true, any = false;
      for (std::size_t i = from; i < from + length; ++i) {
        all = all && bitmap[i];
        any = any || bitmap[i];
      }
      ASSERT_EQ(set->covers(pages(from, length)), all);
      ASSERT_EQ(set->overlaps(pages(from, length)), any);
    }
  }
}

}  // namespace
}  // namespace memseal
