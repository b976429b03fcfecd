// SPDX-License-Identifier: Apache-2.0
#include "sys/owned_pages.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <numeric>
#include <vector>

#include "support/in_child.h"
#include "sys/holes.h"
#include "sys/memory.h"

namespace memseal::sys {
namespace {

bool is_mapped(PageRange range) {
  return check_mapped(range).has_value();
}

TEST(OwnedPages, are_whole_pages_of_zeros) {
  auto pages = OwnedPages::create(page_size() + 1);
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->range()->size(), 2 * page_size());
  auto bytes = pages->as<unsigned char>();
  EXPECT_EQ(bytes.size(), 2 * page_size());
  EXPECT_EQ(std::accumulate(bytes.begin(), bytes.end(), 0), 0);
  bytes.back() = 1;
}

TEST(OwnedPages, are_unmapped_at_the_end_of_their_owner) {
  std::optional<PageRange> range;
  {
    auto pages = OwnedPages::create(3 * page_size());
    ASSERT_TRUE(pages);
    range = pages->range();
    EXPECT_TRUE(is_mapped(*range));
  }
  EXPECT_FALSE(is_mapped(*range));
}

TEST(OwnedPages, go_with_a_move_and_are_unmapped_once) {
  std::optional<OwnedPages> heir;
  std::optional<PageRange> range;
  {
    auto pages = OwnedPages::create(page_size());
    ASSERT_TRUE(pages);
    range = pages->range();
    heir.emplace(std::move(*pages));
    EXPECT_FALSE(pages->range());
    EXPECT_TRUE(pages->as<char>().empty());
  }
  EXPECT_TRUE(is_mapped(*range));
  EXPECT_EQ(heir->range(), range);
  heir.reset();
  EXPECT_FALSE(is_mapped(*range));
}

TEST(OwnedPages, that_are_assigned_to_unmap_what_was_there) {
  auto pages = OwnedPages::create(page_size());
  ASSERT_TRUE(pages);
  PageRange before = *pages->range();
  {
    auto others = OwnedPages::create(page_size());
    ASSERT_TRUE(others);
    PageRange taken = *others->range();
    *pages = std::move(*others);
    EXPECT_EQ(pages->range(), taken);
  }
  EXPECT_FALSE(is_mapped(before));
  EXPECT_TRUE(is_mapped(*pages->range()));
}

TEST(OwnedPages, that_are_released_stay_until_somebody_adopts_them) {
  std::optional<PageRange> range;
  {
    auto pages = OwnedPages::create(page_size());
    ASSERT_TRUE(pages);
    range = pages->release();
    EXPECT_FALSE(pages->range());
  }
  ASSERT_TRUE(range);
  EXPECT_TRUE(is_mapped(*range));
  { auto adopted = OwnedPages::adopt(*range); }
  EXPECT_FALSE(is_mapped(*range));
}

TEST(OwnedList, grows_and_keeps_what_it_holds) {
  OwnedList<std::uint64_t> list;
  EXPECT_TRUE(list.empty());
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(list.push_back(i * i));
    expected.push_back(i * i);
  }
  EXPECT_TRUE(std::ranges::equal(list.view(), expected));
  list.clear();
  EXPECT_EQ(list.size(), 0u);
  ASSERT_TRUE(list.push_back(7));
  EXPECT_EQ(list.view().front(), 7u);
}

TEST(OwnedList, that_cannot_grow_is_as_it_was) {
  EXPECT_EQ(test::in_child([] {
              OwnedList<std::uint64_t> list;
              for (std::uint64_t i = 0; i < page_size() / 8; ++i) {
                if (!list.push_back(i))
                  return 1;
              }
              const rlimit none{0, 0};
              if (setrlimit(RLIMIT_AS, &none) != 0)
                return 2;
              auto refused = list.push_back(1);
              if (refused || refused.error() != Error{Errc::system, ENOMEM})
                return 3;
              if (list.size() != page_size() / 8)
                return 4;
              for (std::uint64_t i = 0; i < list.size(); ++i) {
                if (list.view()[i] != i)
                  return 5;
              }
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace memseal::sys
