// SPDX-License-Identifier: Apache-2.0
// S-33, S-34: under a keeper, too, a huge page reaches as far as the kernel
// makes it reach, whatever the call says.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "provide/served.h"
#include "support/huge_pages.h"
#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

constexpr int rw = PROT_READ | PROT_WRITE;

/// Does to a multiple of 2 MiB what would replace the page in the middle of the
/// huge page that begins there: 0 or an errno.
using Attack = int (*)(char *begin);

/// The twin is replaced, the sealed page is not. Skips, with the words of
/// `missing`, where the kernel replaces neither.
void against(Attack attack, const char *missing) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([=] {
    char *twin = aligned_pages(2 * huge_page);
    char *sealed = aligned_pages(2 * huge_page);
    for (char *begin : {twin, sealed})
      std::memset(begin, 'k', huge_page);
    CHILD_ASSERT_EQ(mseal(sealed + huge_page / 2, page, 0), 0);
    int error = attack(twin);
    if (error == EINVAL || error == EFAULT)
      CHILD_SKIP(missing);
    CHILD_ASSERT_EQ(error, 0);
    if (peek(twin + huge_page / 2) == 'k')
      CHILD_SKIP("this kernel undoes what it cannot do");
    CHILD_ASSERT_EQ(attack(sealed), EPERM);
    for (std::size_t i = 0; i != huge_page; i += page)
      CHILD_ASSERT_EQ(peek(sealed + i), 'k');
  });
}

int move_a_huge_page(char *begin) {
  char *from = map_huge_page('h');
  if (from == nullptr)
    return ENOENT;
  return mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, begin) ==
                 MAP_FAILED
             ? errno
             : 0;
}

int move_a_huge_page_behind_another(char *begin) {
  char *from = map_huge_page('h');
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (from == nullptr ||
      mmap(from - page, page, rw, flags, -1, 0) == MAP_FAILED)
    return ENOENT;
  return mremap(from - page, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED,
                begin - page) == MAP_FAILED
             ? errno
             : 0;
}

TEST(ServedSealAndHugePages, a_moved_one_may_not_reach_a_sealed_page) {
  FreeHugePages free(2);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  against(move_a_huge_page, "this kernel cannot move huge pages (Linux 5.16)");
}

TEST(ServedSealAndHugePages, nor_may_one_that_is_moved_behind_another_page) {
  FreeHugePages free(2);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  against(move_a_huge_page_behind_another,
          "this kernel moves one mapping at a time (Linux 6.17)");
}

/// A file of huge pages, and flags that say otherwise.
int map_a_huge_file(char *begin, int flags) {
  static const int file = memfd_create("huge", MFD_HUGETLB);
  if (file == -1)
    return EINVAL;
  return mmap(begin, page, rw, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | flags,
              file, 0) == MAP_FAILED
             ? errno
             : 0;
}
int map_a_huge_file_silently(char *begin) {
  return map_a_huge_file(begin, 0);
}
int map_a_huge_file_as_small_pages(char *begin) {
  constexpr int pages_of_4_kib = 12 << 26;  // MAP_HUGE_SHIFT
  return map_a_huge_file(begin, MAP_HUGETLB | pages_of_4_kib);
}
int map_default_huge_pages(char *begin) {
  return mmap(begin, page, rw,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE |
                  MAP_HUGETLB,
              -1, 0) == MAP_FAILED
             ? errno
             : 0;
}

constexpr Attack mappings[] = {map_a_huge_file_silently,
                               map_a_huge_file_as_small_pages,
                               map_default_huge_pages};

constexpr const char *no_huge_pages =
    "this kernel has no huge pages (CONFIG_HUGETLBFS)";

TEST(ServedSealAndHugePages, a_mapping_may_not_reach_over_a_sealed_page) {
  for (Attack attack : mappings) {
    SCOPED_TRACE(&attack - mappings);
    against(attack, no_huge_pages);
  }
}

/// It fails after it has unmapped 2 MiB.
int map_a_huge_file_at_a_crooked_offset(char *begin) {
  int file = memfd_create("huge", MFD_HUGETLB);
  if (file == -1)
    return EINVAL;
  void *got = mmap(begin, page, rw, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                   file, static_cast<off_t>(page));
  return got == MAP_FAILED && errno == EPERM ? EPERM : 0;
}

TEST(ServedSealAndHugePages, nor_may_one_that_fails_too_late) {  // S-45b
  against(map_a_huge_file_at_a_crooked_offset, no_huge_pages);
}

// Its descriptors cannot be looked at, but by a keeper with CAP_SYS_PTRACE.
TEST(ServedSealAndHugePages, nor_may_one_of_a_process_that_is_not_dumpable) {
  in_child([] {
    if (setgid(65534) != 0 || setuid(65534) != 0)
      CHILD_SKIP("no right to be another user");
    against(
        [](char *begin) {
          prctl(PR_SET_DUMPABLE, 0);
          int error = map_a_huge_file_silently(begin);
          prctl(PR_SET_DUMPABLE, 1);  // for peek
          return error;
        },
        no_huge_pages);
  });
}

TEST(ServedSealAndHugePages, an_ordinary_file_may_end_before_a_sealed_page) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    int file = memfd_create("ordinary", 0);
    char *begin = aligned_pages(huge_page);
    CHILD_ASSERT_EQ(mseal(begin + page, page, 0), 0);
    CHILD_ASSERT_NE(mmap(begin, page, rw, MAP_PRIVATE | MAP_FIXED, file, 0),
                    MAP_FAILED);
  });
}

TEST(ServedSealAndHugePages, an_ordinary_page_may_be_moved_before_a_seal) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    char *begin = aligned_pages(huge_page);
    char *from = aligned_pages(huge_page) + page;
    CHILD_ASSERT_EQ(mseal(begin + huge_page / 2, page, 0), 0);
    *from = 's';
    CHILD_ASSERT_NE(
        mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, begin),
        MAP_FAILED);
    CHILD_ASSERT_EQ(*begin, 's');
  });
}

}  // namespace
}  // namespace memseal::test
