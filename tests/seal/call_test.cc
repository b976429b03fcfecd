// SPDX-License-Identifier: Apache-2.0
// The call itself: S-01 … S-16 of docs/semantics.md.
#include <vector>

#include "seal/support.h"
#include "sys/maps_reader.h"

namespace memseal::test {
namespace {

class TheCall : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(TheCall);

TEST_P(TheCall, RefusesUnknownTypesAndFlagsBeforeAnythingElse) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(1);
    // S-01 comes before S-02: the address is wrong as well.
    CHILD_ASSERT_ERROR(memseal(at + 1, page, 0x40, e), EINVAL);
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_ALL, e | 0x2), EINVAL);
    CHILD_ASSERT_ERROR(
        memseal(at, page, MEMSEAL_MUNMAP, e | MEMSEAL_DOWNGRADABLE), EINVAL);
    CHILD_ASSERT_EQ(munmap(at, page), 0);  // nothing was sealed
  });
}

TEST_P(TheCall, RefusesAnUnalignedAddressAlsoWithoutLength) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_ERROR(memseal(at + 1, 0, MEMSEAL_ALL, e), EINVAL);
    CHILD_ASSERT_EQ(memseal(at, 0, MEMSEAL_ALL, e), 0);  // S-05
    CHILD_ASSERT_EQ(memseal(reinterpret_cast<void *>(page), 0, MEMSEAL_ALL, e),
                    0);  // not even looked at
    CHILD_ASSERT_EQ(munmap(at, page), 0);
  });
}

TEST_P(TheCall, RefusesLengthsThatWrap) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_ERROR(memseal(at, SIZE_MAX, MEMSEAL_ALL, e), EINVAL);  // S-03
    CHILD_ASSERT_ERROR(memseal(at, SIZE_MAX - page * 2, MEMSEAL_ALL, e),
                       EINVAL);
    auto *last = reinterpret_cast<void *>(-page);
    CHILD_ASSERT_ERROR(memseal(last, page, MEMSEAL_ALL, e), EINVAL);  // S-04
    auto *below = reinterpret_cast<void *>(-2 * page);
    CHILD_ASSERT_ERROR(memseal(below, page, MEMSEAL_ALL, e), ENOMEM);
  });
}

TEST_P(TheCall, SealsTheWholeOfTheLastPage) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(2);
    char *twin = fresh_pages(2);
    CHILD_ASSERT_EQ(memseal(at, page + 1, MEMSEAL_ALL, e), 0);
    CHILD_ASSERT_EQ(munmap(twin + page, page), 0);
    CHILD_ASSERT_ERROR(munmap(at + page, page), EPERM);
  });
}

TEST_P(TheCall, SealsNothingIfThereIsAHole) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(3);
    CHILD_ASSERT_EQ(munmap(at + page, page), 0);
    CHILD_ASSERT_ERROR(memseal(at, 3 * page, MEMSEAL_ALL, e), ENOMEM);
    CHILD_ASSERT_ERROR(memseal(at, 3 * page, 0, e), ENOMEM);  // S-13
    CHILD_ASSERT_EQ(munmap(at, page), 0);
    CHILD_ASSERT_EQ(munmap(at + 2 * page, page), 0);
  });
}

TEST_P(TheCall, SealsRangesOfSeveralMappings) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(3);
    CHILD_ASSERT_EQ(mprotect(at + page, page, PROT_READ), 0);
    CHILD_ASSERT_EQ(memseal(at, 3 * page, MEMSEAL_ALL, e), 0);
    for (int i = 0; i < 3; ++i) {
      CHILD_ASSERT_ERROR(munmap(at + i * page, page), EPERM);
    }
  });
}

// S-62: where one mseal(2) over both may seal something else (CVE-2026-23416).
TEST_P(TheCall, SealsWhatTouchesASealedPageAndNothingMore) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(6);
    CHILD_ASSERT_EQ(memseal(at + 2 * page, page, MEMSEAL_ALL, e), 0);
    CHILD_ASSERT_EQ(memseal(at + page, 3 * page, MEMSEAL_ALL, e), 0);
    for (int i : {1, 2, 3}) {
      CHILD_ASSERT_ERROR(munmap(at + i * page, page), EPERM);
      CHILD_ASSERT_ERROR(mprotect(at + i * page, page, PROT_READ), EPERM);
    }
    for (int i : {0, 4, 5}) {
      CHILD_ASSERT_EQ(munmap(at + i * page, page), 0);
    }
  });
}

TEST_P(TheCall, AcceptsWhatIsHeldAlready) {
  unsigned e = engine();
  in_child([e] {
    char *at = fresh_pages(1);
    for (int i = 0; i < 3; ++i) {
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, e), 0);  // S-14
    }
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

TEST(TheNativeEngine, IsOneIndivisibleSeal) {
  in_child([] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_NATIVE),
                       EOPNOTSUPP);
    CHILD_ASSERT_ERROR(
        memseal(at, page, MEMSEAL_ALL, MEMSEAL_NATIVE | MEMSEAL_DOWNGRADABLE),
        EOPNOTSUPP);
    CHILD_ASSERT_EQ(munmap(at, page), 0);
  });
}

TEST(AClosedRange, TakesNoFurtherType) {
  in_child([] {
    char *at = fresh_pages(3);
    unsigned closed = MEMSEAL_SEAL | MEMSEAL_MUNMAP;
    CHILD_ASSERT_EQ(memseal(at + page, page, closed, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_EQ(memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER),
                    0);  // subset
    CHILD_ASSERT_ERROR(memseal(at, 3 * page, MEMSEAL_MPROTECT, MEMSEAL_FILTER),
                       EACCES);
    // Nothing was sealed: not even the pages before it.
    CHILD_ASSERT_EQ(mprotect(at, 3 * page, PROT_READ), 0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_FILTER), 0);
  });
}

TEST(AHoleAndAClosedRange, AreOnePassByAddress) {
  in_child([] {
    char *at = fresh_pages(5);
    CHILD_ASSERT_EQ(memseal(at + 2 * page, page, MEMSEAL_SEAL, MEMSEAL_FILTER),
                    0);
    CHILD_ASSERT_EQ(munmap(at, page), 0);
    CHILD_ASSERT_EQ(munmap(at + 4 * page, page), 0);
    CHILD_ASSERT_ERROR(memseal(at, 3 * page, MEMSEAL_MMAP, MEMSEAL_FILTER),
                       ENOMEM);
    CHILD_ASSERT_ERROR(
        memseal(at + page, 4 * page, MEMSEAL_MMAP, MEMSEAL_FILTER), EACCES);
  });
}

TEST(AClosedRange, ThatIsNoLongerMappedCountsAsAHole) {
  in_child([] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_SEAL, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_EQ(munmap(at, page), 0);  // SEAL alone does not keep it mapped
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MMAP, MEMSEAL_FILTER), ENOMEM);
  });
}

TEST(EachType, ForbidsItsOwnActAndNoOther) {
  in_child([] {
    char *protect = fresh_pages(1), *unmap = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(protect, page, MEMSEAL_MPROTECT, 0), 0);
    CHILD_ASSERT_EQ(memseal(unmap, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_ERROR(mprotect(protect, page, PROT_READ), EPERM);
    CHILD_ASSERT_EQ(mprotect(unmap, page, PROT_READ), 0);
    CHILD_ASSERT_ERROR(munmap(unmap, page), EPERM);
    CHILD_ASSERT_EQ(munmap(protect, page), 0);
  });
}

TEST(SealsAccumulate, TypeByType) {
  in_child([] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ), 0);  // control
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MPROTECT, 0), 0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ), EPERM);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

class ManyRanges : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(ManyRanges);

TEST_P(ManyRanges, AreSealedTogether) {
  unsigned e = engine();
  in_child([e] {
    char *a = fresh_pages(2), *b = fresh_pages(2), *twin = fresh_pages(1);
    memseal_range ranges[] = {{a, page, MEMSEAL_ALL, 0},
                              {b, page, MEMSEAL_ALL, 0}};
    CHILD_ASSERT_EQ(memseal_many(ranges, 2, e), 0);
    CHILD_ASSERT_ERROR(munmap(a, page), EPERM);
    CHILD_ASSERT_ERROR(munmap(b, page), EPERM);
    CHILD_ASSERT_EQ(munmap(twin, page), 0);
    CHILD_ASSERT_EQ(munmap(a + page, page), 0);
    CHILD_ASSERT_EQ(memseal_many(nullptr, 0, e), 0);
  });
}

TEST_P(ManyRanges, AreAllUnsealedIfOneIsRefusedAtAnyPlace) {
  unsigned e = engine();
  for (int bad = 0; bad < 3; ++bad) {
    for (int reason = 0; reason < 4; ++reason) {
      SCOPED_TRACE(testing::Message()
                   << "range " << bad << ", reason " << reason);
      in_child([e, bad, reason] {
        memseal_range ranges[3];
        for (memseal_range &range : ranges)
          range = {fresh_pages(1), page, MEMSEAL_ALL, 0};
        memseal_range &wrong = ranges[bad];
        char *hole = fresh_pages(1);
        munmap(hole, page);
        int expected = EINVAL;
        if (reason == 0)
          wrong.types = 0x80;
        else if (reason == 1)
          wrong.addr = static_cast<char *>(wrong.addr) + 8;
        else if (reason == 2)
          wrong.flags = 0x100;
        else
          wrong.addr = hole, expected = ENOMEM;
        CHILD_ASSERT_ERROR(memseal_many(ranges, 3, e), expected);
        for (int i = 0; i < 3; ++i) {
          CHILD_ASSERT_FALSE(i != bad && munmap(ranges[i].addr, page) != 0);
        }
      });
    }
  }
}

TEST(ManyRanges, AreJudgedInOrderAsByManyCalls) {
  in_child([] {
    char *at = fresh_pages(1);
    // The first closes what the second would add to.
    memseal_range ranges[] = {{at, page, MEMSEAL_SEAL, 0},
                              {at, page, MEMSEAL_MUNMAP, 0}};
    CHILD_ASSERT_ERROR(memseal_many(ranges, 2, 0), EACCES);
    std::swap(ranges[0], ranges[1]);
    CHILD_ASSERT_EQ(memseal_many(ranges, 2, 0), 0);
  });
}

TEST(ManyRanges, FitInOneFilterWhenTheyTouch) {
  in_child([] {
    // 3,000 pages in a row are one range, however many requests they
    // come in.
    constexpr std::size_t count = 3000;
    char *at = fresh_pages(count);
    static memseal_range ranges[count];
    for (std::size_t i = 0; i < count; ++i)
      ranges[i] = {at + i * page, page, MEMSEAL_MAPPING, 0};
    CHILD_ASSERT_EQ(memseal_many(ranges, count, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_ERROR(munmap(at + 1500 * page, page), EPERM);
  });
}

TEST(ManyScatteredRanges, AreSealedByOneCommit) {
  for (std::size_t count : {500u, 700u, 1000u}) {
    SCOPED_TRACE(testing::Message() << count << " ranges");
    in_child([count] {
      auto ranges = scattered(count);
      CHILD_ASSERT_EQ(memseal_many(ranges.data(), count, MEMSEAL_FILTER), 0);
      for (const memseal_range &range : ranges) {
        auto *at = static_cast<char *>(range.addr);
        CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
        // MREMAP_FIXED has an old and a new range: both are judged.
        char *other = at + page;
        CHILD_ASSERT_ERROR(
            reinterpret_cast<long>(
                mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, other)),
            EPERM);
        CHILD_ASSERT_ERROR(
            reinterpret_cast<long>(
                mremap(other, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at)),
            EPERM);
      }
      auto *between = static_cast<char *>(ranges[3].addr) + page;
      CHILD_ASSERT_EQ(munmap(between, page), 0);
    });
  }
}

TEST(TheBudget, IsE2BIGAndNothingIsSealed) {
  in_child([] {
    // Far more scattered ranges than 4,096 instructions can tell apart.
    constexpr std::size_t count = 2000;
    constexpr std::size_t apart = 64;
    char *at = fresh_pages(apart * count);
    static memseal_range ranges[count];
    for (std::size_t i = 0; i < count; ++i)
      ranges[i] = {at + apart * i * page, page, MEMSEAL_MAPPING, 0};
    CHILD_ASSERT_ERROR(memseal_many(ranges, count, MEMSEAL_FILTER), E2BIG);
    CHILD_ASSERT_EQ(munmap(at, apart * count * page), 0);
    char *one = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(one, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
  });
}

TEST(TheBudgetOfAllFilters, IsE2BIGAndTheLastRangeIsNotSealed) {
  in_child([] {
    for (int i = 0; i < 20'000; ++i) {
      char *at = fresh_pages(1);
      if (memseal(at, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) == 0) {
        if (i < 3)
          CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
        continue;
      }
      CHILD_ASSERT_EQ(errno, E2BIG);
      CHILD_ASSERT_GE(i, 10);
      memseal_info info{};
      info.size = sizeof info;
      CHILD_ASSERT_EQ(memseal_query(at, &info), 0);
      CHILD_ASSERT_EQ(info.types, 0);
      CHILD_ASSERT_EQ(munmap(at, page), 0);
      return;
    }
    CHILD_FAIL("filters without end");
  });
}

/// The protections of all the mappings that are registers.
std::string registers() {
  std::string found;
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = maps.next()) {
    if (!*mapping)
      break;
    if ((*mapping)->name.starts_with("/memfd:memseal-register"))
      found += static_cast<char>('0' + (*mapping)->protection.bits);
  }
  return found;
}

class TheRegister : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(TheRegister);

TEST_P(TheRegister, IsReadOnlyWheneverMemsealHasReturned) {
  in_child([e = engine()] {
    CHILD_ASSERT_EQ(registers(), "");
    CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_ALL, e), 0);
    // The last page is the lock, which every seal writes to.
    CHILD_ASSERT_EQ(registers(), "1");
    // A seal that is refused, too.
    CHILD_ASSERT_NE(memseal(fresh_pages(1), page, 0x40, e), 0);
    CHILD_ASSERT_NE(memseal(nullptr, page, MEMSEAL_ALL, e), 0);
    CHILD_ASSERT_EQ(registers(), "1");
    // And the one that it outgrew.
    auto ranges = scattered(3000);
    for (memseal_range &one : ranges)
      one.types = MEMSEAL_ALL;
    if (e == MEMSEAL_NATIVE)
      CHILD_ASSERT_EQ(memseal_many(ranges.data(), ranges.size(), e), 0);
    CHILD_ASSERT_EQ(registers(), e == MEMSEAL_NATIVE ? "11" : "1");
  });
}

}  // namespace
}  // namespace memseal::test
