// SPDX-License-Identifier: Apache-2.0
#include "process/filter_claims.h"

#include <gtest/gtest.h>

#include <vector>

#include "memseal/engine.h"

namespace memseal::process {
namespace {

constexpr int no_filter = 0, filter_mode = 2;

RegisterEntry entry(std::uint64_t begin, std::uint64_t end,
                    SealTypes filter = seal_type::all,
                    std::uint32_t flags = 0) {
  return {.begin = begin,
          .end = end,
          .types = seal_type::all.bits,
          .filter_types = filter.bits,
          .flags = flags,
          .engine = Engine::filter.bits()};
}

TEST(FilterClaims, are_what_a_filter_is_said_to_hold) {
  std::vector<RegisterEntry> entries{
      entry(0x1000, 0x2000, {}),  // by mseal(2) alone
      entry(0x2000, 0x3000),
      entry(0x4000, 0x5000, seal_type::mprotect, flag_downgradable)};
  FilterClaims claims = claims_of(entries, filter_mode);
  EXPECT_TRUE(claims.found);
  EXPECT_EQ(claims.doubt, "");
  ASSERT_EQ(claims.seals.size(), 2u);
  EXPECT_EQ(claims.seals[0].range, *PageRange::create(0x2000, 0x1000, 0x1000));
  EXPECT_FALSE(claims.seals[0].downgradable);
  EXPECT_EQ(claims.seals[1].types, seal_type::mprotect);
  EXPECT_TRUE(claims.seals[1].downgradable);
}

TEST(FilterClaims, are_doubted_where_the_kernel_knows_of_no_filter) {
  std::vector<RegisterEntry> entries{entry(0x1000, 0x2000)};
  FilterClaims claims = claims_of(entries, no_filter);
  EXPECT_TRUE(claims.found);
  EXPECT_NE(claims.doubt, "");
  EXPECT_TRUE(claims.seals.empty());
  entries[0].filter_types = 0;
  EXPECT_EQ(claims_of(entries, no_filter).doubt, "");
}

TEST(FilterClaims, that_touch_and_say_the_same_are_one) {
  std::vector<RegisterEntry> entries{
      entry(0x1000, 0x2000),
      entry(0x2000, 0x3000),
      entry(0x3000, 0x4000),
      entry(0x4000, 0x5000, seal_type::mprotect),
      entry(0x5000, 0x6000, seal_type::mprotect, flag_downgradable),
      entry(0x7000, 0x8000, seal_type::mprotect, flag_downgradable)};
  FilterClaims claims = claims_of(entries, filter_mode);
  ASSERT_EQ(claims.seals.size(), 4u);
  EXPECT_EQ(claims.seals[0].range, *PageRange::create(0x1000, 0x3000, 0x1000));
  EXPECT_EQ(claims.seals[1].range.begin(), 0x4000u);
  EXPECT_EQ(claims.seals[2].range.begin(), 0x5000u);
  EXPECT_EQ(claims.seals[3].range.begin(), 0x7000u);
}

// Linux takes 32,768 instructions, and no range does with less than one.
TEST(FilterClaims, are_doubted_if_they_are_more_than_filters_can_hold) {
  std::vector<RegisterEntry> entries;
  for (std::uint64_t i = 1; i <= 32768; ++i)
    entries.push_back(entry(0x2000 * i, 0x2000 * i + 0x1000));
  EXPECT_EQ(claims_of(entries, filter_mode).seals.size(), 32768u);
  entries.push_back(entry(0x2000 * 40000, 0x2000 * 40000 + 0x1000));
  FilterClaims claims = claims_of(entries, filter_mode);
  EXPECT_NE(claims.doubt, "");
  EXPECT_TRUE(claims.seals.empty());
}

}  // namespace
}  // namespace memseal::process
