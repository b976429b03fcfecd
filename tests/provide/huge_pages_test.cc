// SPDX-License-Identifier: Apache-2.0
// S-33, S-34: under a keeper, too, a huge page reaches as far as the kernel
// makes it reach, whatever the call says.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "provide/served.h"
#include "support/huge_pages.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

constexpr int rw = PROT_READ | PROT_WRITE, skipped = 90;

/// Does to a multiple of 2 MiB what would replace the page in the middle of the
/// huge page that begins there: 0 or an errno.
using Attack = int (*)(char *begin);

/// 0: the twin is replaced, the sealed page is not. `skipped`: the twin stays.
int against(Attack attack) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  return in_child([attack] {
    char *twin = aligned_pages(2 * huge_page);
    char *sealed = aligned_pages(2 * huge_page);
    for (char *begin : {twin, sealed})
      std::memset(begin, 'k', huge_page);
    if (mseal(sealed + huge_page / 2, page, 0) != 0)
      return 1;
    if (int error = attack(twin); error != 0)
      return error == EINVAL || error == EFAULT ? skipped : 5;
    if (twin[huge_page / 2] == 'k')
      return 2;
    if (attack(sealed) != EPERM)
      return 3;
    for (std::size_t i = 0; i != huge_page; i += page) {
      if (sealed[i] != 'k')
        return 4;
    }
    return 0;
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
  int step = against(move_a_huge_page);
  if (step == skipped)
    GTEST_SKIP() << "this kernel cannot move huge pages (Linux 5.16)";
  EXPECT_EQ(step, 0);
}

TEST(ServedSealAndHugePages, nor_may_one_that_is_moved_behind_another_page) {
  FreeHugePages free(2);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  int step = against(move_a_huge_page_behind_another);
  if (step == skipped)
    GTEST_SKIP() << "this kernel moves one mapping at a time (Linux 6.17)";
  EXPECT_EQ(step, 0);
}

TEST(ServedSealAndHugePages, an_ordinary_page_may_be_moved_before_a_seal) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  EXPECT_EQ(in_child([] {
              char *begin = aligned_pages(huge_page);
              char *from = aligned_pages(huge_page) + page;
              if (mseal(begin + huge_page / 2, page, 0) != 0)
                return 1;
              *from = 's';
              if (mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
                         begin) == MAP_FAILED)
                return 2;
              return *begin == 's' ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
