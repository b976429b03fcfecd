// SPDX-License-Identifier: Apache-2.0
// S-33: mmap onto sealed pages, with huge pages too.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "memseal/memseal.h"
#include "support/huge_pages.h"
#include "support/in_child.h"
#include "support/trial.h"
#include "sys/huge_files.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Mmap);
MEMSEAL_FILTERING_ENGINES(FilteredMmap);

constexpr int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::size_t huge = huge_page;

long map_at(void *at, std::size_t size, int flags, int fd = -1) {
  void *got = mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, 0);
  return got == MAP_FAILED ? -1 : reinterpret_cast<long>(got);
}

TEST_P(Mmap, FixedIsRefusedOnEveryKindOfMemory) {
  for (Memory memory :
       {Memory::anonymous_rw, Memory::anonymous_r, Memory::relro, Memory::text,
        Memory::private_rw, Memory::shared_rw, Memory::shared_r}) {
    SCOPED_TRACE(name(memory));
    EXPECT_TRUE(refused(attempt({GetParam(), memory},
                                [](const Area &a) {
                                  return map_at(a.at(1), page,
                                                anonymous | MAP_FIXED);
                                }),
                        EPERM));
  }
}

TEST_P(Mmap, FixedIsRefusedWhereverTheRangeTouches) {
  struct {
    int first;
    std::size_t size;
  } const cases[] = {
      {0, 2 * page}, {0, page + 1}, {1, 3 * page}, {1, 1}, {0, 8 * page}};
  for (auto [first, size] : cases) {
    SCOPED_TRACE(size);
    EXPECT_TRUE(refused(attempt({GetParam()},
                                [=](const Area &a) {
                                  return map_at(a.at(first), size,
                                                anonymous | MAP_FIXED);
                                }),
                        EPERM));
  }
}

TEST_P(Mmap, FixedOfTheSameFileIsRefused) {
  EXPECT_TRUE(refused(attempt({GetParam(), Memory::shared_rw},
                              [](const Area &a) {
                                return map_at(a.at(1), page,
                                              MAP_SHARED | MAP_FIXED, a.fd);
                              }),
                      EPERM));
}

TEST_P(Mmap, FixedJustBesideIsAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &a) {
    if (map_at(a.at(0), page, anonymous | MAP_FIXED) == -1)
      return -1L;
    return map_at(a.at(2), page, anonymous | MAP_FIXED);
  })));
}

TEST_P(Mmap, NoReplaceFindsThePageWithOrWithoutSeal) {
  EXPECT_TRUE(refused_by_kernel(
      attempt({GetParam()},
              [](const Area &a) {
                return map_at(a.at(1), page, anonymous | MAP_FIXED_NOREPLACE);
              }),
      EEXIST));
}

TEST_P(Mmap, FixedTogetherWithNoReplaceIsRefusedByTheFilter) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return map_at(a.at(1), page, anonymous | MAP_FIXED | MAP_FIXED_NOREPLACE);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, EEXIST);
  EXPECT_EQ(trial.error, filtered() ? EPERM : EEXIST);
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

TEST_P(Mmap, AHintIsMovedElsewhere) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    long got = map_at(a.at(1), page, anonymous);
    return got == reinterpret_cast<long>(a.at(1)) ? -1L : got;
  });
  EXPECT_TRUE(allowed(trial));
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

TEST_P(Mmap, WithALengthThatWrapsChangesNothing) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return map_at(a.at(1), ~std::size_t{0}, anonymous | MAP_FIXED);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, ENOMEM);
  EXPECT_TRUE(trial.error == ENOMEM || (filtered() && trial.error == EPERM));
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

/// Seals a page in the middle of a huge page, asks for `size` bytes of huge
/// mapping at its beginning: the kernel would round up over the sealed page.
void try_huge(Engine engine, int flags, int fd) {
  char *twin = aligned_pages(2 * huge), *sealed = aligned_pages(2 * huge);
  if (map_at(twin, page, flags, fd) == -1)
    CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
  char *target = sealed + huge / 2;
  *target = 'x';
  CHILD_ASSERT_EQ(seal_by(engine, target, page), 0);
  CHILD_ASSERT_ERROR(map_at(sealed, page, flags, fd), EPERM);
  CHILD_ASSERT_EQ(*target, 'x');
}

TEST_P(Mmap, AHugeMappingMayNotRoundUpOverASealedPage) {
  in_child([engine = GetParam()] {
    try_huge(engine, anonymous | MAP_FIXED | MAP_HUGETLB | MAP_NORESERVE, -1);
  });
}

TEST_P(Mmap, AHugetlbFileMayNotRoundUpOverASealedPage) {
  // The arguments do not say that the file is one of huge pages.
  in_child([engine = GetParam()] {
    int fd = memfd_create("huge", MFD_HUGETLB);
    if (fd == -1)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    try_huge(engine, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd);
  });
}

/// Seals the middle of where a huge page could lie, and maps a page of an
/// ordinary file to where it would begin: 0 or an errno. Tells whether files of
/// huge pages that come later are said to be open.
int map_file_before_seal(Engine engine, Level level, bool &later_is_open) {
  int fd = memfd_create("ordinary", MFD_CLOEXEC);
  char *begin = aligned_pages(huge), *sealed = begin + huge / 2;
  CHILD_ASSERT_EQ(harden(engine, level), 0);
  CHILD_ASSERT_EQ(seal_by(engine, sealed, page), 0);
  memseal_info info{};
  info.size = sizeof(info);
  CHILD_ASSERT_EQ(memseal_query(sealed, &info), 0);
  later_is_open = (info.open & MEMSEAL_OPEN_HUGE_FILE) != 0;
  return map_at(begin, page, MAP_PRIVATE | MAP_FIXED, fd) == -1 ? errno : 0;
}

TEST_P(Mmap, OfAFileMayEndBeforeASealedPageWhereNoFileHasHugePages) {  // S-33a
  in_child([engine = GetParam()] {
    if (sys::may_map_huge_files(0))
      CHILD_SKIP("a hugetlbfs is mounted here, and has pages to give");
    bool later_is_open = false;
    CHILD_ASSERT_EQ(
        map_file_before_seal(engine, Level::compatible, later_is_open), 0);
    CHILD_ASSERT_EQ(later_is_open, has_filter(engine));
  });
}

TEST_P(FilteredMmap, OfAnyFileIsRoundedUpAtTheClosedLevel) {  // S-49
  in_child([engine = GetParam()] {
    bool later_is_open = true;
    CHILD_ASSERT_EQ(map_file_before_seal(engine, Level::closed, later_is_open),
                    EPERM);
    CHILD_ASSERT_FALSE(later_is_open);
  });
}

TEST_P(FilteredMmap,
       OfAnyFileIsRoundedUpWhereOneWithHugePagesIsOpen) {  // S-33a
  in_child([engine = GetParam()] {
    if (memfd_create("huge", MFD_HUGETLB) == -1)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    bool later_is_open = true;
    CHILD_ASSERT_EQ(
        map_file_before_seal(engine, Level::compatible, later_is_open), EPERM);
    CHILD_ASSERT_FALSE(later_is_open);
  });
}

}  // namespace
}  // namespace memseal::test
