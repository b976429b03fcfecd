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
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(1);
              // S-01 comes before S-02: the address is wrong as well.
              if (!refused(memseal(at + 1, page, 0x40, e), EINVAL))
                return 1;
              if (!refused(memseal(at, page, MEMSEAL_ALL, e | 0x2), EINVAL))
                return 2;
              if (!refused(memseal(at, page, MEMSEAL_MUNMAP,
                                   e | MEMSEAL_DOWNGRADABLE),
                           EINVAL))
                return 3;
              if (munmap(at, page) != 0)  // nothing was sealed
                return 4;
              return 0;
            }),
            0);
}

TEST_P(TheCall, RefusesAnUnalignedAddressAlsoWithoutLength) {
  unsigned e = engine();
  EXPECT_EQ(
      in_child([e] {
        char *at = fresh_pages(1);
        if (!refused(memseal(at + 1, 0, MEMSEAL_ALL, e), EINVAL))
          return 1;
        if (memseal(at, 0, MEMSEAL_ALL, e) != 0)  // S-05
          return 2;
        if (memseal(reinterpret_cast<void *>(page), 0, MEMSEAL_ALL, e) != 0)
          return 3;  // not even looked at
        return munmap(at, page) == 0 ? 0 : 4;
      }),
      0);
}

TEST_P(TheCall, RefusesLengthsThatWrap) {
  unsigned e = engine();
  EXPECT_EQ(
      in_child([e] {
        char *at = fresh_pages(1);
        if (!refused(memseal(at, SIZE_MAX, MEMSEAL_ALL, e), EINVAL))  // S-03
          return 1;
        if (!refused(memseal(at, SIZE_MAX - page * 2, MEMSEAL_ALL, e), EINVAL))
          return 2;
        auto *last = reinterpret_cast<void *>(-page);
        if (!refused(memseal(last, page, MEMSEAL_ALL, e), EINVAL))  // S-04
          return 3;
        auto *below = reinterpret_cast<void *>(-2 * page);
        return refused(memseal(below, page, MEMSEAL_ALL, e), ENOMEM) ? 0 : 4;
      }),
      0);
}

TEST_P(TheCall, SealsTheWholeOfTheLastPage) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(2);
              char *twin = fresh_pages(2);
              if (memseal(at, page + 1, MEMSEAL_ALL, e) != 0)
                return 1;
              if (munmap(twin + page, page) != 0)
                return 2;
              return refused(munmap(at + page, page), EPERM) ? 0 : 3;
            }),
            0);
}

TEST_P(TheCall, SealsNothingIfThereIsAHole) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(3);
              if (munmap(at + page, page) != 0)
                return 1;
              if (!refused(memseal(at, 3 * page, MEMSEAL_ALL, e), ENOMEM))
                return 2;
              if (!refused(memseal(at, 3 * page, 0, e), ENOMEM))  // S-13
                return 3;
              if (munmap(at, page) != 0 || munmap(at + 2 * page, page) != 0)
                return 4;
              return 0;
            }),
            0);
}

TEST_P(TheCall, SealsRangesOfSeveralMappings) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(3);
              if (mprotect(at + page, page, PROT_READ) != 0)
                return 1;
              if (memseal(at, 3 * page, MEMSEAL_ALL, e) != 0)
                return 2;
              for (int i = 0; i < 3; ++i) {
                if (!refused(munmap(at + i * page, page), EPERM))
                  return 3 + i;
              }
              return 0;
            }),
            0);
}

TEST_P(TheCall, AcceptsWhatIsHeldAlready) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *at = fresh_pages(1);
              for (int i = 0; i < 3; ++i) {
                if (memseal(at, page, MEMSEAL_ALL, e) != 0)  // S-14
                  return 1 + i;
              }
              if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0)
                return 4;
              return refused(munmap(at, page), EPERM) ? 0 : 5;
            }),
            0);
}

TEST(TheNativeEngine, IsOneIndivisibleSeal) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              if (!refused(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_NATIVE),
                           EOPNOTSUPP))
                return 1;
              if (!refused(memseal(at, page, MEMSEAL_ALL,
                                   MEMSEAL_NATIVE | MEMSEAL_DOWNGRADABLE),
                           EOPNOTSUPP))
                return 2;
              return munmap(at, page) == 0 ? 0 : 3;
            }),
            0);
}

TEST(AClosedRange, TakesNoFurtherType) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(3);
        unsigned closed = MEMSEAL_SEAL | MEMSEAL_MUNMAP;
        if (memseal(at + page, page, closed, MEMSEAL_FILTER) != 0)
          return 1;
        if (memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) != 0)
          return 2;  // subset
        if (!refused(memseal(at, 3 * page, MEMSEAL_MPROTECT, MEMSEAL_FILTER),
                     EACCES))
          return 3;
        // Nothing was sealed: not even the pages before it.
        if (mprotect(at, 3 * page, PROT_READ) != 0)
          return 4;
        return memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_FILTER) == 0 ? 0 : 5;
      }),
      0);
}

TEST(AHoleAndAClosedRange, AreOnePassByAddress) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(5);
        if (memseal(at + 2 * page, page, MEMSEAL_SEAL, MEMSEAL_FILTER) != 0)
          return 1;
        if (munmap(at, page) != 0 || munmap(at + 4 * page, page) != 0)
          return 2;
        if (!refused(memseal(at, 3 * page, MEMSEAL_MMAP, MEMSEAL_FILTER),
                     ENOMEM))
          return 3;
        if (!refused(memseal(at + page, 4 * page, MEMSEAL_MMAP, MEMSEAL_FILTER),
                     EACCES))
          return 4;
        return 0;
      }),
      0);
}

TEST(AClosedRange, ThatIsNoLongerMappedCountsAsAHole) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              if (memseal(at, page, MEMSEAL_SEAL, MEMSEAL_FILTER) != 0)
                return 1;
              if (munmap(at, page) != 0)  // SEAL alone does not keep it mapped
                return 2;
              return refused(memseal(at, page, MEMSEAL_MMAP, MEMSEAL_FILTER),
                             ENOMEM)
                         ? 0
                         : 3;
            }),
            0);
}

TEST(EachType, ForbidsItsOwnActAndNoOther) {
  EXPECT_EQ(in_child([] {
              char *protect = fresh_pages(1), *unmap = fresh_pages(1);
              if (memseal(protect, page, MEMSEAL_MPROTECT, 0) != 0 ||
                  memseal(unmap, page, MEMSEAL_MUNMAP, 0) != 0)
                return 1;
              if (!refused(mprotect(protect, page, PROT_READ), EPERM))
                return 2;
              if (mprotect(unmap, page, PROT_READ) != 0)
                return 3;
              if (!refused(munmap(unmap, page), EPERM))
                return 4;
              return munmap(protect, page) == 0 ? 0 : 5;
            }),
            0);
}

TEST(SealsAccumulate, TypeByType) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0)
                return 1;
              if (mprotect(at, page, PROT_READ) != 0)  // control
                return 2;
              if (memseal(at, page, MEMSEAL_MPROTECT, 0) != 0)
                return 3;
              if (!refused(mprotect(at, page, PROT_READ), EPERM))
                return 4;
              return refused(munmap(at, page), EPERM) ? 0 : 5;
            }),
            0);
}

class ManyRanges : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(ManyRanges);

TEST_P(ManyRanges, AreSealedTogether) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              char *a = fresh_pages(2), *b = fresh_pages(2),
                   *twin = fresh_pages(1);
              memseal_range ranges[] = {{a, page, MEMSEAL_ALL, 0},
                                        {b, page, MEMSEAL_ALL, 0}};
              if (memseal_many(ranges, 2, e) != 0)
                return 1;
              if (!refused(munmap(a, page), EPERM) ||
                  !refused(munmap(b, page), EPERM))
                return 2;
              if (munmap(twin, page) != 0 || munmap(a + page, page) != 0)
                return 3;
              return memseal_many(nullptr, 0, e) == 0 ? 0 : 4;
            }),
            0);
}

TEST_P(ManyRanges, AreAllUnsealedIfOneIsRefusedAtAnyPlace) {
  unsigned e = engine();
  for (int bad = 0; bad < 3; ++bad) {
    for (int reason = 0; reason < 4; ++reason) {
      EXPECT_EQ(in_child([e, bad, reason] {
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
                  if (!refused(memseal_many(ranges, 3, e), expected))
                    return 1;
                  for (int i = 0; i < 3; ++i) {
                    if (i != bad && munmap(ranges[i].addr, page) != 0)
                      return 2;
                  }
                  return 0;
                }),
                0)
          << "range " << bad << ", reason " << reason;
    }
  }
}

TEST(ManyRanges, AreJudgedInOrderAsByManyCalls) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              // The first closes what the second would add to.
              memseal_range ranges[] = {{at, page, MEMSEAL_SEAL, 0},
                                        {at, page, MEMSEAL_MUNMAP, 0}};
              if (!refused(memseal_many(ranges, 2, 0), EACCES))
                return 1;
              std::swap(ranges[0], ranges[1]);
              return memseal_many(ranges, 2, 0) == 0 ? 0 : 2;
            }),
            0);
}

TEST(ManyRanges, FitInOneFilterWhenTheyTouch) {
  EXPECT_EQ(in_child([] {
              // 3,000 pages in a row are one range, however many requests they
              // come in.
              constexpr std::size_t count = 3000;
              char *at = fresh_pages(count);
              static memseal_range ranges[count];
              for (std::size_t i = 0; i < count; ++i)
                ranges[i] = {at + i * page, page, MEMSEAL_MAPPING, 0};
              if (memseal_many(ranges, count, MEMSEAL_FILTER) != 0)
                return 1;
              return refused(munmap(at + 1500 * page, page), EPERM) ? 0 : 2;
            }),
            0);
}

TEST(ManyScatteredRanges, AreSealedByOneCommit) {
  for (std::size_t count : {500u, 700u, 1000u}) {
    EXPECT_EQ(
        in_child([count] {
          auto ranges = scattered(count);
          if (memseal_many(ranges.data(), count, MEMSEAL_FILTER) != 0)
            return 1;
          for (const memseal_range &range : ranges) {
            auto *at = static_cast<char *>(range.addr);
            if (!refused(munmap(at, page), EPERM))
              return 2;
            // MREMAP_FIXED has an old and a new range: both are judged.
            char *other = at + page;
            if (!refused(
                    reinterpret_cast<long>(mremap(
                        at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, other)),
                    EPERM) ||
                !refused(
                    reinterpret_cast<long>(mremap(
                        other, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at)),
                    EPERM))
              return 3;
          }
          auto *between = static_cast<char *>(ranges[3].addr) + page;
          return munmap(between, page) == 0 ? 0 : 4;
        }),
        0)
        << count << " ranges";
  }
}

TEST(TheBudget, IsE2BIGAndNothingIsSealed) {
  EXPECT_EQ(
      in_child([] {
        // Far more scattered ranges than 4,096 instructions can tell apart.
        constexpr std::size_t count = 5000;
        char *at = fresh_pages(2 * count);
        static memseal_range ranges[count];
        for (std::size_t i = 0; i < count; ++i)
          ranges[i] = {at + 2 * i * page, page, MEMSEAL_MAPPING, 0};
        if (!refused(memseal_many(ranges, count, MEMSEAL_FILTER), E2BIG))
          return 1;
        if (munmap(at, 2 * count * page) != 0)
          return 2;
        char *one = fresh_pages(1);
        return memseal(one, page, MEMSEAL_MAPPING, MEMSEAL_FILTER) == 0 ? 0 : 3;
      }),
      0);
}

TEST(TheBudgetOfAllFilters, IsE2BIGAndTheLastRangeIsNotSealed) {
  EXPECT_EQ(in_child([] {
              for (int i = 0; i < 20'000; ++i) {
                char *at = fresh_pages(1);
                if (memseal(at, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) == 0) {
                  if (i < 3 && !refused(munmap(at, page), EPERM))
                    return 1;
                  continue;
                }
                if (errno != E2BIG || i < 10)
                  return 2;
                memseal_info info{};
                info.size = sizeof info;
                if (memseal_query(at, &info) != 0 || info.types != 0)
                  return 3;
                return munmap(at, page) == 0 ? 0 : 4;
              }
              return 5;
            }),
            0);
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
  EXPECT_EQ(in_child([e = engine()] {
              if (registers() != "")
                return 1;
              if (memseal(fresh_pages(1), page, MEMSEAL_ALL, e) != 0)
                return 2;
              // The last page is the lock, which every seal writes to.
              if (registers() != "1")
                return 3;
              // A seal that is refused, too.
              if (memseal(fresh_pages(1), page, 0x40, e) == 0 ||
                  memseal(nullptr, page, MEMSEAL_ALL, e) == 0)
                return 4;
              if (registers() != "1")
                return 5;
              // And the one that it outgrew.
              auto ranges = scattered(3000);
              for (memseal_range &one : ranges)
                one.types = MEMSEAL_ALL;
              if (e == MEMSEAL_NATIVE &&
                  memseal_many(ranges.data(), ranges.size(), e) != 0)
                return 6;
              return registers() == (e == MEMSEAL_NATIVE ? "11" : "1") ? 0 : 7;
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
