// SPDX-License-Identifier: Apache-2.0
#include "memseal/page_range.h"

#include <gtest/gtest.h>

namespace memseal {
namespace {

constexpr std::size_t page = 4096;
constexpr Address top = ~Address{page - 1};

PageRange pages(Address first, std::size_t count) {
  return *PageRange::create(first * page, count * page, page);
}

TEST(PageRange, is_made_of_whole_pages_page_zero_included) {
  EXPECT_TRUE(PageRange::create(0, page, page).has_value());  // control
  EXPECT_EQ(PageRange::create(page + 1, page, page), fail(Errc::misaligned));
  EXPECT_EQ(PageRange::create(page, page - 1, page), fail(Errc::misaligned));
  EXPECT_EQ(PageRange::create(page, 0, page), fail(Errc::empty));
}

TEST(PageRange, that_reaches_or_wraps_the_end_of_memory_is_refused) {
  EXPECT_TRUE(PageRange::create(top - page, page, page).has_value());
  EXPECT_EQ(PageRange::create(top, page, page), fail(Errc::overflow));
  EXPECT_EQ(PageRange::create(top, 2 * page, page), fail(Errc::overflow));
}

TEST(PageRange, covering_takes_every_page_that_is_touched) {
  EXPECT_EQ(PageRange::covering(page, 1, page), pages(1, 1));
  EXPECT_EQ(PageRange::covering(page - 1, 2, page), pages(0, 2));
  EXPECT_EQ(PageRange::covering(page, page, page), pages(1, 1));
  EXPECT_EQ(PageRange::covering(page, page + 1, page), pages(1, 2));
  EXPECT_EQ(PageRange::covering(page, 0, page), fail(Errc::empty));
  EXPECT_EQ(PageRange::covering(top, page, page), fail(Errc::overflow));
  EXPECT_EQ(PageRange::covering(top, page + 1, page), fail(Errc::overflow));
}

TEST(PageRange, neighbours_touch_but_do_not_overlap) {
  PageRange left = pages(1, 2), right = pages(3, 1);
  EXPECT_FALSE(left.overlaps(right));
  EXPECT_FALSE(right.overlaps(left));
  EXPECT_TRUE(left.touches(right));
  EXPECT_TRUE(right.touches(left));
  EXPECT_FALSE(left.touches(pages(4, 1)));
  EXPECT_FALSE(pages(4, 1).touches(left));
  EXPECT_TRUE(left.overlaps(pages(2, 2)));  // control: one shared page
}

TEST(PageRange, contains_its_first_byte_and_not_its_end) {
  EXPECT_FALSE(pages(1, 2).contains(page - 1));
  EXPECT_TRUE(pages(1, 2).contains(page));
  EXPECT_TRUE(pages(1, 2).contains(3 * page - 1));
  EXPECT_FALSE(pages(1, 2).contains(3 * page));
}

TEST(PageRange, contains_itself_and_what_lies_inside) {
  EXPECT_TRUE(pages(1, 2).contains(pages(1, 2)));
  EXPECT_TRUE(pages(1, 2).contains(pages(2, 1)));
  EXPECT_FALSE(pages(1, 2).contains(pages(0, 2)));
  EXPECT_FALSE(pages(1, 2).contains(pages(2, 2)));
}

TEST(PageRange, intersection_is_what_both_hold) {
  EXPECT_EQ(pages(1, 3).intersection(pages(2, 5)), pages(2, 2));
  EXPECT_EQ(pages(2, 5).intersection(pages(1, 3)), pages(2, 2));
  EXPECT_EQ(pages(1, 9).intersection(pages(2, 1)), pages(2, 1));
}

}  // namespace
}  // namespace memseal
