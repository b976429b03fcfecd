// SPDX-License-Identifier: Apache-2.0
#include "seal/seal_table.h"

#include <gtest/gtest.h>

#include <array>

namespace memseal {
namespace {

constexpr std::size_t page = 4096;
constexpr Engine by_filter = Engine::filter, by_kernel = Engine::native;

PageRange pages(std::size_t first, std::size_t count) {
  return *PageRange::create(first * page, count * page, page);
}

struct SealTableTest : testing::Test {
  std::array<RegisterEntry, 16> storage{};
  SealTable table{storage, 0};

  void add(PageRange range, SealTypes types,
           Downgrade downgrade = Downgrade::refused,
           Engine engine = by_filter) {
    ASSERT_TRUE(table.add({range, types, downgrade, engine}));
  }
  std::size_t due(std::uint32_t flag) const {
    std::size_t n = 0;
    for (const RegisterEntry &entry : table.entries())
      n += (entry.flags & flag) != 0;
    return n;
  }
};

TEST_F(SealTableTest, TouchingRangesWithTheSameSealsAreOneEntry) {
  add(pages(4, 2), seal_type::munmap);
  add(pages(8, 2), seal_type::munmap);
  EXPECT_EQ(table.entries().size(), 2u);  // control: a gap between them
  add(pages(6, 2), seal_type::munmap);
  ASSERT_EQ(table.entries().size(), 1u);
  EXPECT_EQ(table.entries()[0].begin, 4 * page);
  EXPECT_EQ(table.entries()[0].end, 10 * page);
}

TEST_F(SealTableTest, TouchingRangesWithOtherSealsStayApart) {
  add(pages(4, 2), seal_type::munmap);
  add(pages(6, 2), seal_type::mprotect);
  EXPECT_EQ(table.entries().size(), 2u);
}

TEST_F(SealTableTest, ASealInTheMiddleSplitsAnEntryInThree) {
  add(pages(4, 6), seal_type::munmap);
  table.forget_changes();
  add(pages(6, 2), seal_type::mprotect);
  ASSERT_EQ(table.entries().size(), 3u);
  EXPECT_EQ(table.entries()[1].begin, 6 * page);
  EXPECT_EQ(table.entries()[1].end, 8 * page);
  EXPECT_EQ(table.entries()[1].types,
            (seal_type::munmap | seal_type::mprotect).bits);
  EXPECT_EQ(table.entries()[0].types, seal_type::munmap.bits);
  EXPECT_EQ(table.entries()[2].types, seal_type::munmap.bits);
}

TEST_F(SealTableTest, ARangeOverEntriesAndGapsIsSealedThroughout) {
  add(pages(4, 1), seal_type::munmap);
  add(pages(8, 1), seal_type::munmap);
  table.forget_changes();
  add(pages(2, 10), seal_type::mmap);
  EXPECT_EQ(table.entries().size(), 5u);
  Address at = 2 * page;
  for (const RegisterEntry &entry : table.entries()) {
    EXPECT_EQ(entry.begin, at);
    EXPECT_TRUE(SealTypes{entry.types}.has(seal_type::mmap));
    at = entry.end;
  }
  EXPECT_EQ(at, 12 * page);
}

TEST_F(SealTableTest, OnlyWhatIsNewIsDueForAFilter) {
  add(pages(4, 4), seal_type::mapping);
  EXPECT_EQ(due(flag_filter_due), 1u);  // control
  table.forget_changes();
  add(pages(4, 4), seal_type::munmap);
  EXPECT_EQ(due(flag_filter_due), 0u);
  add(pages(4, 1), seal_type::discard);
  EXPECT_EQ(due(flag_filter_due), 1u);
  EXPECT_EQ(table.entries()[0].end, 5 * page);
}

TEST_F(SealTableTest, ASealedRangeTakesNoFurtherTypeButTheSameAgain) {
  add(pages(4, 4), seal_type::seal | seal_type::munmap);
  auto closed = [&](PageRange range, SealTypes types) {
    return table.first_closed(range, types, Downgrade::refused);
  };
  EXPECT_FALSE(closed(pages(4, 4), seal_type::munmap));  // S-14, subset rule
  EXPECT_FALSE(closed(pages(0, 4), seal_type::mmap));
  EXPECT_EQ(closed(pages(2, 8), seal_type::mmap), 4 * page);
  EXPECT_EQ(closed(pages(6, 1), seal_type::mmap), 6 * page);
}

TEST_F(SealTableTest, ImmutableIsMoreThanDowngradable) {
  add(pages(4, 1), seal_type::mprotect | seal_type::seal, Downgrade::allowed);
  EXPECT_EQ(table.entries()[0].flags & flag_downgradable, flag_downgradable);
  EXPECT_FALSE(
      table.first_closed(pages(4, 1), seal_type::mprotect, Downgrade::allowed));
  EXPECT_EQ(
      table.first_closed(pages(4, 1), seal_type::mprotect, Downgrade::refused),
      4 * page);
}

TEST_F(SealTableTest, AskingForDowngradableLeavesAnImmutablePageImmutable) {
  add(pages(4, 1), seal_type::mprotect);
  table.forget_changes();
  EXPECT_FALSE(
      table.would_gain(pages(4, 1), seal_type::mprotect, Downgrade::allowed));
  add(pages(4, 1), seal_type::mprotect, Downgrade::allowed);
  EXPECT_EQ(table.entries()[0].flags, 0u);
}

TEST_F(SealTableTest, MakingADowngradablePageImmutableIsDueForAFilter) {
  add(pages(4, 1), seal_type::mprotect, Downgrade::allowed);
  table.forget_changes();
  EXPECT_TRUE(
      table.would_gain(pages(4, 1), seal_type::mprotect, Downgrade::refused));
  add(pages(4, 1), seal_type::mprotect);
  EXPECT_EQ(table.entries()[0].flags, flag_filter_due);
}

TEST_F(SealTableTest, AnotherTypeDoesNotMakeADowngradablePageImmutable) {
  add(pages(4, 1), seal_type::mprotect, Downgrade::allowed);
  add(pages(4, 1), seal_type::munmap);
  EXPECT_NE(table.entries()[0].flags & flag_downgradable, 0u);
}

TEST_F(SealTableTest, WhatTheKernelDidNotSealIsTakenBack) {
  add(pages(2, 1), seal_type::munmap);
  table.forget_changes();
  add(pages(2, 1), seal_type::all, Downgrade::refused, by_kernel | by_filter);
  add(pages(4, 1), seal_type::all, Downgrade::refused, by_kernel);
  add(pages(6, 1), seal_type::all, Downgrade::refused, by_kernel);
  EXPECT_EQ(due(flag_native_due), 3u);
  table.native_done(1);
  table.drop_native_due();
  ASSERT_EQ(table.entries().size(), 2u);
  EXPECT_EQ(table.entries()[0].engine, by_filter.bits());
  EXPECT_EQ(table.entries()[0].types, seal_type::all.bits);
  EXPECT_EQ(table.entries()[1].begin, 4 * page);
  EXPECT_EQ(table.entries()[1].engine, by_kernel.bits());
}

TEST_F(SealTableTest, ADisclaimedRangeHoldsWhatTheOtherEngineEnforces) {
  add(pages(2, 6), seal_type::all, Downgrade::refused, by_kernel | by_filter);
  table.forget_changes();
  ASSERT_TRUE(table.disclaim(pages(4, 2), by_filter));
  ASSERT_EQ(table.entries().size(), 3u);
  EXPECT_EQ(table.entries()[1].begin, 4 * page);
  EXPECT_EQ(table.entries()[1].types, seal_type::all.bits);
  EXPECT_EQ(table.entries()[1].filter_types, 0u);
  EXPECT_EQ(table.entries()[1].engine, by_kernel.bits());
  ASSERT_TRUE(table.disclaim(pages(4, 2), by_kernel));
  ASSERT_EQ(table.entries().size(), 2u);  // nothing is left of it
  EXPECT_EQ(table.entries()[0].end, 4 * page);
  EXPECT_EQ(table.entries()[1].begin, 6 * page);
  // SEAL is memseal's own: it goes with what it was to protect.
  ASSERT_TRUE(table.disclaim(pages(2, 2), by_kernel));
  EXPECT_EQ(table.entries()[0].types,
            seal_type::all.bits & ~seal_type::seal.bits);
}

TEST_F(SealTableTest, MsealIsCalledAgainWhateverTheTableSays) {
  add(pages(2, 1), seal_type::all, Downgrade::refused, by_kernel);
  table.native_done(0);
  table.forget_changes();
  EXPECT_EQ(due(flag_native_due), 0u);
  add(pages(2, 1), seal_type::all, Downgrade::refused, by_kernel);
  EXPECT_EQ(due(flag_native_due), 1u);
}

TEST_F(SealTableTest, AFullTableRefuses) {
  for (std::size_t i = 0; i < storage.size(); ++i)
    add(pages(2 * i, 1), seal_type::munmap);
  auto refused = table.add(
      {pages(100, 1), seal_type::munmap, Downgrade::refused, by_filter});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::capacity);
}

TEST_F(SealTableTest, TheRoomForAnyRequestsIsNeverExceeded) {
  // Nested ranges of alternating types split the most.
  const SealTypes types[] = {seal_type::munmap, seal_type::mmap,
                             seal_type::mremap};
  std::array<RegisterEntry, SealTable::entries_needed(0, 12)> exact{};
  SealTable tight(exact, 0);
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_TRUE(tight.add({pages(20 + i, 40 - 2 * i), types[i % 3],
                           Downgrade::refused, by_filter}));
}

}  // namespace
}  // namespace memseal
