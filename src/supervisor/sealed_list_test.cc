// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sealed_list.h"

#include <gtest/gtest.h>

#include <string>

namespace memseal::supervisor {
namespace {

PageRange pages(Address first, std::size_t count) {
  return *PageRange::create(first * 4096, count * 4096, 4096);
}

std::string text(const SealedList &list) {
  std::string all;
  for (const SealedPart &one : list.parts())
    all += std::to_string(one.range.begin() / 4096) + "+" +
           std::to_string(one.range.size() / 4096) + " ";
  return all;
}

TEST(SealedList, grows_by_news_only) {
  SealedList list;
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.add({pages(1, 4), Part::object}));
  EXPECT_FALSE(list.add({pages(2, 1), Part::object}));
  EXPECT_TRUE(list.add({pages(2, 1), Part::memory}));  // there is more to know
  EXPECT_TRUE(list.add({pages(4, 2), Part::object}));
  EXPECT_EQ(text(list), "1+4 2+1 4+2 ");
}

TEST(SealedList, and_a_copy_go_ways_of_their_own) {
  SealedList parent;
  parent.add({pages(1, 1), Part::object});
  SealedList child = parent, second = parent;
  parent.add({pages(2, 1), Part::object});
  child.add({pages(3, 1), Part::object});
  second.add({pages(2, 1), Part::object});
  parent.add({pages(4, 1), Part::object});
  EXPECT_EQ(text(parent), "1+1 2+1 4+1 ");
  EXPECT_EQ(text(child), "1+1 3+1 ");
  EXPECT_EQ(text(second), "1+1 2+1 ");
}

TEST(SealedList, loses_what_lies_wholly_in_a_range) {
  SealedList list;
  for (Address first : {1, 2, 4})
    list.add({pages(first, 1), Part::memory});
  list.remove(pages(2, 3));
  EXPECT_EQ(text(list), "1+1 ");
}

}  // namespace
}  // namespace memseal::supervisor
