// SPDX-License-Identifier: Apache-2.0
// S-15, S-34: the kernel moves whole huge pages (hugetlb), whatever length it
// is told. So a filter does not promise to keep a part of one.
#include <sys/mman.h>

#include <cerrno>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(PartOfHugePage);

constexpr std::size_t huge = std::size_t{2} << 20;

/// Two huge pages, never touched, so that none need exist.
char *huge_pages() {
  void *at =
      mmap(nullptr, 2 * huge, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
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
