// SPDX-License-Identifier: Apache-2.0
// S-01 to S-16: the call itself, its order of checks and all-or-nothing.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "memseal/memseal.h"
#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(SealCall);
MEMSEAL_FILTERING_ENGINES(FilteredSealCall);

TEST_P(SealCall, ChecksItsArgumentsInTheDocumentedOrder) {
  struct {
    const char *rule;
    long offset;  ///< from the area's beginning
    std::size_t size;
    unsigned types, flags;
    int error;
  } const cases[] = {
      {"S-01, before S-02", 1, page, 0x40, 0, EINVAL},
      {"S-01: a flag", 0, page, 0x3f, 0x80, EINVAL},
      {"S-01: downgradable what?", 0, page, MEMSEAL_MUNMAP,
       MEMSEAL_DOWNGRADABLE, EINVAL},
      {"S-02", 1, page, 0x3f, 0, EINVAL},
      {"S-02, before S-05", 1, 0, 0x3f, 0, EINVAL},
      {"S-03", 0, ~std::size_t{0}, 0x3f, 0, EINVAL},
      {"S-04", 0, ~std::size_t{0} - page + 1, 0x3f, 0, EINVAL},
      {"S-05", 0, 0, 0x3f, 0, 0},
      {"S-05, over a hole", 9 * page, 0, 0x3f, 0, 0},
      {"S-06", 3 * page, 2 * page, 0x3f, 0, ENOMEM},
      {"S-13", 0, page, 0, 0, 0},
      {"S-13, after S-06", 3 * page, 2 * page, 0, 0, ENOMEM},
  };
  for (const auto &c : cases) {
    SCOPED_TRACE(c.rule);
    int error = in_child([&] {
      Area area = Area::create(Memory::anonymous_rw);
      munmap(area.at(4), 4 * page);
      int got =
          seal_by(GetParam(), area.at(0) + c.offset, c.size, c.types, c.flags);
      // Nothing of this sealed anything.
      CHILD_ASSERT_EQ(munmap(area.at(0), 4 * page), 0);
      return got;
    });
    EXPECT_EQ(error, c.error);
  }
}

TEST_P(SealCall, OfTheLastPageOfAllIsRefused) {  // S-04
  EXPECT_EQ(in_child([&] {
              return seal_by(GetParam(), reinterpret_cast<void *>(-page), page);
            }),
            EINVAL);
}

TEST_P(SealCall, OverAHoleSealsNothingOfTheRest) {  // S-06, S-12
  in_child([engine = GetParam()] {
    Area first = Area::create(Memory::anonymous_rw),
         a = Area::create(Memory::anonymous_rw);
    // The first seal maps memseal's own tables, which could fill the hole.
    CHILD_ASSERT_EQ(seal_by(engine, first.at(0), page), 0);
    munmap(a.at(2), page);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(0), 4 * page), ENOMEM);
    CHILD_ASSERT_EQ(munmap(a.at(0), page), 0);
    CHILD_ASSERT_EQ(munmap(a.at(3), page), 0);
  });
}

TEST_P(SealCall, ReachesOverMappingsOfDifferentKind) {  // S-11
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::private_rw);
    mprotect(a.at(1), page, PROT_READ);
    mmap(a.at(2), page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
         0);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(0), 3 * page + 1), 0);
    for (int i = 0; i < 4; ++i)
      CHILD_ASSERT_ERROR(munmap(a.at(i), page), EPERM);
  });
}

TEST_P(SealCall, AgainSucceeds) {  // S-14
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    for (int i = 0; i < 3; ++i)
      CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(0), 4 * page), 0);
  });
}

TEST_P(FilteredSealCall, OnAClosedPageTakesSubsetsOnly) {  // S-07, S-14
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    auto seal = [&](int index, int count, unsigned types) {
      return seal_by(engine, a.at(index), count * page, types);
    };
    CHILD_ASSERT_EQ(seal(1, 1, MEMSEAL_MUNMAP | MEMSEAL_SEAL), 0);
    CHILD_ASSERT_EQ(seal(1, 1, MEMSEAL_MUNMAP), 0);
    CHILD_ASSERT_EQ(seal(1, 1, MEMSEAL_MMAP), EACCES);
    CHILD_ASSERT_EQ(seal(0, 3, MEMSEAL_MPROTECT), EACCES);
    // None of the range of the failed call is sealed.
    CHILD_ASSERT_EQ(mprotect(a.at(0), 3 * page, PROT_READ), 0);
    munmap(a.at(2), page);
    CHILD_ASSERT_EQ(seal(1, 2, MEMSEAL_MMAP),
                    EACCES);  // the lower address decides
    munmap(a.at(0), page);
    CHILD_ASSERT_EQ(seal(0, 2, MEMSEAL_MMAP), ENOMEM);
  });
}

TEST_P(FilteredSealCall, AddsTypesToTypes) {  // S-14
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page, MEMSEAL_MUNMAP), 0);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(0), 2 * page, MEMSEAL_MPROTECT), 0);
    CHILD_ASSERT_EQ(munmap(a.at(1), page), -1);
    CHILD_ASSERT_EQ(mprotect(a.at(1), page, 1), -1);
    CHILD_ASSERT_ERROR(mprotect(a.at(0), page, 1), EPERM);
    CHILD_ASSERT_EQ(munmap(a.at(0), page), 0);
  });
}

TEST_P(SealCall, AcrossThe4GiBBoundaryHoldsOnBothSides) {
  in_child([engine = GetParam()] {
    auto *base = reinterpret_cast<char *>(0x40'0000'0000 - 2 * page);
    CHILD_ASSERT_EQ(
        mmap(base, 4 * page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        base);
    CHILD_ASSERT_EQ(seal_by(engine, base + page, 2 * page), 0);
    for (int i : {1, 2})
      CHILD_ASSERT_ERROR(munmap(base + i * static_cast<long>(page), page),
                         EPERM);
    CHILD_ASSERT_EQ(munmap(base, 4 * page), -1);
    CHILD_ASSERT_EQ(munmap(base, page + 1), -1);
    CHILD_ASSERT_EQ(munmap(base + 2 * page, 2 * page), -1);
    CHILD_ASSERT_EQ(munmap(base, page), 0);
    CHILD_ASSERT_EQ(munmap(base + 3 * page, page), 0);
  });
}

TEST_P(FilteredSealCall, ProtectAndSealGoInOneStepOrNotAtAll) {  // S-54
  in_child([engine = GetParam()] {
    CHILD_ASSERT_EQ(harden(engine, Level::compatible), 0);
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_ERROR(memseal_mprotect(a.at(0), page,
                                        PROT_READ | MEMSEAL_PROT_IMMUTABLE |
                                            MEMSEAL_PROT_DOWNGRADABLE),
                       EINVAL);
    munmap(a.at(3), page);
    CHILD_ASSERT_ERROR(
        memseal_mprotect(a.at(2), 2 * page, PROT_READ | MEMSEAL_PROT_IMMUTABLE),
        ENOMEM);
    *a.at(2) = 'w';  // as writable as before
    CHILD_ASSERT_EQ(
        memseal_mprotect(a.at(1), page, PROT_READ | MEMSEAL_PROT_IMMUTABLE), 0);
    CHILD_ASSERT_ERROR(mprotect(a.at(1), page, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_EQ(munmap(a.at(1), page), 0);
  });
}

}  // namespace
}  // namespace memseal::test
