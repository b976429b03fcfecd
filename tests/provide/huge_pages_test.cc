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
    CHILD_ASSERT_NE(twin[huge_page / 2], 'k');
    CHILD_ASSERT_EQ(attack(sealed), EPERM);
    for (std::size_t i = 0; i != huge_page; i += page)
      CHILD_ASSERT_EQ(sealed[i], 'k');
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
