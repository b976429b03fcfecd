// SPDX-License-Identifier: Apache-2.0
// S-34: mremap of a huge page lands on all of it, whatever length it is told.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/huge_pages.h"
#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(MoveOfHugePage);

long move(char *from, std::size_t size, char *to) {
  return syscall(SYS_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
                 to);
}

/// A target whose sealed page lies in the middle of what a huge page replaces.
struct Target {
  char *begin = aligned_pages(2 * huge_page);
  char *kept = begin + huge_page / 2;
  Target() { *kept = 'k'; }
  bool is_whole() const { return peek(kept) == 'k'; }
};

TEST_P(MoveOfHugePage, MayNotReachASealedPageBehindItsLength) {
  FreeHugePages free(2);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  in_child([engine = GetParam()] {
    char *first = map_huge_page('a'), *second = map_huge_page('b');
    if (first == nullptr || second == nullptr)
      CHILD_FAIL("no huge page, though some are free");
    Target twin, sealed;
    if (move(first, page, twin.begin) == -1)
      CHILD_SKIP("this kernel cannot move huge pages (Linux 5.16)");
    // The control: one page was said, 2 MiB are replaced.
    CHILD_ASSERT_FALSE(twin.is_whole());
    CHILD_ASSERT_EQ(seal_by(engine, sealed.kept, page), 0);
    CHILD_ASSERT_ERROR(move(second, page, sealed.begin), EPERM);
    CHILD_ASSERT_TRUE(sealed.is_whole());
    CHILD_ASSERT_EQ(peek(second), 'b');
  });
}

/// A small page filled with 'o' and a huge page behind it; null if the place
/// before the huge page is taken.
char *ordinary_before(char *huge) {
  constexpr int no_replace = 0x100000;  // MAP_FIXED_NOREPLACE
  void *at = mmap(huge - page, page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | no_replace, -1, 0);
  if (at != huge - page)
    return nullptr;
  std::memset(at, 'o', page);
  return huge - page;
}

TEST_P(MoveOfHugePage, BehindAnOrdinaryPageReachesAsFar) {
  FreeHugePages free(2);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  in_child([engine = GetParam()] {
    char *first = map_huge_page('a');
    char *before_first = first == nullptr ? nullptr : ordinary_before(first);
    char *second = map_huge_page('b');
    char *before_second = second == nullptr ? nullptr : ordinary_before(second);
    if (before_first == nullptr || before_second == nullptr)
      CHILD_FAIL("no huge page, though some are free");
    Target twin, sealed;
    // Unaligned both of them: the huge page comes to lie at `begin`.
    if (move(before_first, 2 * page, twin.begin - page) == -1)
      CHILD_SKIP("this kernel moves one mapping at a time (Linux 6.17)");
    CHILD_ASSERT_FALSE(twin.is_whole());
    CHILD_ASSERT_EQ(seal_by(engine, sealed.kept, page), 0);
    CHILD_ASSERT_ERROR(move(before_second, 2 * page, sealed.begin - page),
                       EPERM);
    CHILD_ASSERT_TRUE(sealed.is_whole());
    CHILD_ASSERT_EQ(peek(second), 'b');
    // Native moves the ordinary one before it refuses (S-62).
    if (has_filter(engine))
      CHILD_ASSERT_EQ(peek(before_second), 'o');
  });
}

TEST_P(MoveOfHugePage, MayLandJustBeforeASealedPage) {
  FreeHugePages free(1);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  in_child([engine = GetParam()] {
    char *huge = map_huge_page('a');
    if (huge == nullptr)
      CHILD_FAIL("no huge page, though some are free");
    char *begin = aligned_pages(2 * huge_page);
    CHILD_ASSERT_EQ(seal_by(engine, begin + huge_page, page), 0);
    if (move(huge, page, begin) == -1) {
      CHILD_ASSERT_EQ(errno, EINVAL);
      CHILD_SKIP("this kernel cannot move huge pages (Linux 5.16)");
    }
    CHILD_ASSERT_EQ(peek(begin + huge_page - 1), 'a');
  });
}

// No huge page can be meant: the kernel wants both addresses to be multiples.
TEST_P(MoveOfHugePage, IsNotFearedWhereTheOldAddressTellsOfNone) {
  in_child([engine = GetParam()] {
    Target target;
    CHILD_ASSERT_EQ(seal_by(engine, target.kept, page), 0);
    char *from = aligned_pages(huge_page);
    *(from + page) = 's';
    CHILD_ASSERT_NE(move(from + page, page, target.begin), -1);
    // As far from a multiple as the target, but none between.
    *(from + 3 * page) = 't';
    CHILD_ASSERT_NE(move(from + 3 * page, page, target.begin + 3 * page), -1);
    CHILD_ASSERT_EQ(*target.begin, 's');
    CHILD_ASSERT_EQ(*(target.begin + 3 * page), 't');
  });
}

}  // namespace
}  // namespace memseal::test
