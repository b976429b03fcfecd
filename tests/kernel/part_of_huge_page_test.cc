// SPDX-License-Identifier: Apache-2.0
// S-15, S-34: the kernel moves whole huge pages (hugetlb), whatever length it
// is told. So a filter does not promise to keep a part of one.
#include <sys/mman.h>

#include <cerrno>

#include "memseal/memseal.h"
#include "support/huge_pages.h"
#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(PartOfHugePage);

constexpr std::size_t huge = std::size_t{2} << 20;

/// Huge pages, never touched, so that none need exist.
char *huge_pages(std::size_t size = 2 * huge, int log_of_page = 0) {
  void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE |
                      log_of_page << 26,  // MAP_HUGE_SHIFT
                  -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
}

/// Moves "one small page" to where nothing is.
bool can_move(char *from) {
  void *to = mmap(nullptr, 2 * huge, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  auto up = (reinterpret_cast<std::uintptr_t>(to) + huge - 1) & -huge;
  return mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
                reinterpret_cast<void *>(up)) != MAP_FAILED;
}

TEST_P(PartOfHugePage, IsRefusedWherePartsCannotBeKept) {
  in_child([engine = GetParam()] {
    char *at = huge_pages();
    if (at == nullptr)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    // Before Linux 5.16 huge pages never move, and a part is safe as it is.
    if (has_filter(engine) && !can_move(at + huge))
      CHILD_SKIP("this kernel cannot move huge pages (Linux 5.16)");
    for (char *begin : {at, at + page, at + huge - page}) {
      int error = seal_by(engine, begin, page);
      CHILD_ASSERT_EQ(error, (has_filter(engine) ? EOPNOTSUPP : EINVAL));
    }
    CHILD_ASSERT_EQ(munmap(at, huge), 0);  // nothing is sealed
  });
}

constexpr const char *no_huge_pages =
    "this kernel has no huge pages (CONFIG_HUGETLBFS)";

/// Before Linux 5.16 huge pages never move, and a part is safe as it is.
void skip_where_parts_are_safe(Engine engine) {
  if (has_filter(engine) && !can_move(huge_pages()))
    CHILD_SKIP("this kernel cannot move huge pages (Linux 5.16)");
}

int error_of_part(Engine engine) {
  return has_filter(engine) ? EOPNOTSUPP : EINVAL;
}

TEST_P(PartOfHugePage, OfAGigabyteIsSeenAtAMultipleOf2MebibytesToo) {
  in_child([engine = GetParam()] {
    char *at = huge_pages(std::size_t{1} << 30, 30);
    if (at == nullptr)
      CHILD_SKIP("this processor has no pages of 1 GiB");
    skip_where_parts_are_safe(engine);
    CHILD_ASSERT_EQ(seal_by(engine, at + 2 * huge, 2 * huge),
                    error_of_part(engine));
  });
}

// S-12: what comes before a part of a huge page is not sealed either.
TEST_P(PartOfHugePage, LeavesTheOtherRangesOfACallUnsealed) {
  in_child([engine = GetParam()] {
    char *at = huge_pages();
    if (at == nullptr)
      CHILD_SKIP(no_huge_pages);
    skip_where_parts_are_safe(engine);
    char *ordinary = Area::create(Memory::anonymous_rw).begin;
    for (char *part : {at, at + page}) {
      memseal_range ranges[] = {{ordinary, page, every_type, 0},
                                {part, page, every_type, 0}};
      CHILD_ASSERT_ERROR(memseal_many(ranges, 2, flag_of(engine)),
                         error_of_part(engine));
      CHILD_ASSERT_EQ(mprotect(ordinary, page, PROT_READ), 0);
    }
    // Twin: the whole page may be in such a call.
    memseal_range ranges[] = {{ordinary, page, every_type, 0},
                              {at, huge, every_type, 0}};
    CHILD_ASSERT_EQ(memseal_many(ranges, 2, flag_of(engine)), 0);
    CHILD_ASSERT_ERROR(mprotect(ordinary, page, PROT_NONE), EPERM);
  });
}

TEST_P(PartOfHugePage, LeavesWhatLiesBeforeItInItsRangeUnsealed) {
  in_child([engine = GetParam()] {
    char *at = huge_pages();
    if (at == nullptr || munmap(at, huge) != 0)
      CHILD_SKIP(no_huge_pages);
    char *ordinary = at + huge - page;
    CHILD_ASSERT_EQ(mmap(ordinary, page, PROT_READ,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                    ordinary);
    skip_where_parts_are_safe(engine);
    CHILD_ASSERT_EQ(seal_by(engine, ordinary, 2 * page), error_of_part(engine));
    CHILD_ASSERT_EQ(munmap(ordinary, page), 0);
  });
}

/// Whether anything is mapped at the page.
bool is_mapped(void *at) {
  return msync(at, page, MS_ASYNC) == 0;
}

// S-55: mmap rounds the length up, and munmap wants the whole.
TEST_P(PartOfHugePage, OfAFileIsNotLeftMapped) {
  in_child([engine = GetParam()] {
    int file = memfd_create("huge", MFD_HUGETLB);
    if (file == -1)
      CHILD_SKIP(no_huge_pages);
    skip_where_parts_are_safe(engine);
    char *hint = aligned_pages(2 * huge);
    munmap(hint, huge);
    auto map = [&](std::size_t size) {
      return memseal_map(hint, size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
                         file, 0, every_type, flag_of(engine));
    };
    CHILD_ASSERT_EQ(map(page), MAP_FAILED);
    CHILD_ASSERT_EQ(errno, error_of_part(engine));
    CHILD_ASSERT_FALSE(is_mapped(hint));
    CHILD_ASSERT_TRUE(is_mapped(hint + huge));
    CHILD_ASSERT_EQ(map(huge), hint);  // the twin
    CHILD_ASSERT_TRUE(is_mapped(hint));
  });
}

TEST_P(PartOfHugePage, IsKeptWhereTheWholePageIsSealed) {
  in_child([engine = GetParam()] {
    char *at = huge_pages();
    if (at == nullptr)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    CHILD_ASSERT_EQ(seal_by(engine, at, huge), 0);
    CHILD_ASSERT_FALSE(can_move(at));
    CHILD_ASSERT_EQ(errno, EPERM);
    CHILD_ASSERT_NE(munmap(at, huge), 0);
    CHILD_ASSERT_TRUE(can_move(at + huge) || errno == EINVAL);  // the twin
  });
}

}  // namespace
}  // namespace memseal::test
