// SPDX-License-Identifier: Apache-2.0
#include "loader/auditor_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace memseal::loader {
namespace {

const char functions[64] = {};

/// Auditors on a heap, and the loader's variables behind which they are named.
class AuditorListTest : public testing::Test {
protected:
  void load(std::size_t count) {
    heap_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t hook = 0; hook < 8; ++hook)
        heap_[i].hooks[hook] = &functions[8 * (i % 8) + hook];
      heap_[i].next = i + 1 < count ? &heap_[i + 1] : nullptr;
    }
    word(words.size() - 4) = reinterpret_cast<std::uintptr_t>(heap_.data());
    word(words.size() - 3) = count;
  }
  std::uintptr_t &word(std::size_t i) { return words[i]; }
  AuditorList *find(std::size_t owner) {
    return find_auditor_list(words, &functions[8 * owner]);
  }

  std::vector<std::uintptr_t> words = std::vector<std::uintptr_t>(100, 7);
  std::vector<Auditor> heap_;
};

TEST_F(AuditorListTest, is_known_by_our_function_wherever_it_stands) {
  load(3);
  auto *there = reinterpret_cast<AuditorList *>(&word(words.size() - 4));
  EXPECT_EQ(find(0), there);
  EXPECT_EQ(find(2), there);
  EXPECT_EQ(find(3), nullptr);
}

TEST_F(AuditorListTest, is_left_alone_if_its_length_and_its_count_differ) {
  load(3);
  word(words.size() - 3) = 2;
  EXPECT_EQ(find(0), nullptr);
  word(words.size() - 3) = 4;
  EXPECT_EQ(find(0), nullptr);
  word(words.size() - 3) = 3;
  EXPECT_NE(find(0), nullptr);  // control
}

TEST_F(AuditorListTest, of_more_auditors_than_there_is_room_for_is_left_alone) {
  load(most_auditors);
  EXPECT_NE(find(0), nullptr);
  load(most_auditors + 1);
  EXPECT_EQ(find(0), nullptr);
}

TEST_F(AuditorListTest, is_not_looked_for_where_a_word_cannot_be_a_pointer) {
  load(1);
  for (std::uintptr_t odd : {0x8UL, 0xfff8UL, ~0UL, 1UL << 48, 0x7ffff0001UL}) {
    word(words.size() - 2) = odd;
    word(words.size() - 1) = 1;
    EXPECT_NE(find(0), nullptr) << odd;  // the right one is still found
  }
  EXPECT_EQ(find_auditor_list(std::span(words).first(1), functions), nullptr);
  EXPECT_EQ(find_auditor_list({}, functions), nullptr);
}

TEST_F(AuditorListTest, once_moved_calls_the_same_functions_in_the_same_order) {
  load(3);
  AuditorList *list = find(1);
  ASSERT_NE(list, nullptr);
  SealedAuditors sealed{};
  move_auditors(*list, sealed);
  std::vector<Auditor> before = heap_;
  heap_.assign(3, {});  // whatever an attacker writes there
  const Auditor *auditor = list->first;
  EXPECT_EQ(auditor, sealed.data());
  for (const Auditor &was : before) {
    ASSERT_NE(auditor, nullptr);
    EXPECT_TRUE(std::equal(std::begin(was.hooks), std::end(was.hooks),
                           std::begin(auditor->hooks)));
    auditor = auditor->next;
  }
  EXPECT_EQ(auditor, nullptr);
}

}  // namespace
}  // namespace memseal::loader
