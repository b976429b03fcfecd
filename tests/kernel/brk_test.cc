// SPDX-License-Identifier: Apache-2.0
// S-35: the heap, which shrinks by a call that has no range.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Brk);

long raw_brk(long to) {
  return syscall(SYS_brk, to);
}

/// Grows the heap by eight pages, seals the third, tries to shrink below it.
void try_to_shrink(Engine engine) {
  long begin =
      (raw_brk(0) + static_cast<long>(page) - 1) & -static_cast<long>(page);
  long size = static_cast<long>(page), end = begin + 8 * size;
  CHILD_ASSERT_EQ(raw_brk(end), end);
  // The control: without a seal the same call shrinks.
  CHILD_ASSERT_EQ(raw_brk(begin), begin);
  CHILD_ASSERT_EQ(raw_brk(end), end);
  auto *sealed = reinterpret_cast<char *>(begin + 2 * size);
  *sealed = 'h';
  CHILD_ASSERT_EQ(seal_by(engine, sealed, page), 0);
  for (long to : {begin, begin + size, begin + 2 * size}) {
    errno = 0;
    long answer = raw_brk(to);
    CHILD_ASSERT_EQ(raw_brk(0), end);
    CHILD_ASSERT_EQ(*sealed, 'h');
    CHILD_ASSERT_EQ(answer, (has_filter(engine) ? 0 : end));
  }
  CHILD_ASSERT_EQ(raw_brk(end + size), end + size);
  CHILD_ASSERT_EQ(raw_brk(begin + 3 * size), begin + 3 * size);
  CHILD_ASSERT_EQ(raw_brk(0), begin + 3 * size);
}

TEST_P(Brk, DoesNotShrinkBelowASealedPage) {
  in_child([&] { try_to_shrink(GetParam()); });
}

TEST_P(Brk, LibcNoticesUnderAFilterThatTheHeapDidNotShrink) {
  // Native answers with the old break, which sbrk(-n) takes for success.
  in_child([engine = GetParam()] {
    auto *begin = static_cast<char *>(sbrk(0));
    begin += -reinterpret_cast<std::uintptr_t>(begin) & (page - 1);
    CHILD_ASSERT_EQ(brk(begin + 8 * page), 0);
    CHILD_ASSERT_EQ(seal_by(engine, begin + 2 * page, page), 0);
    void *before = sbrk(0);
    bool failed =
        sbrk(-static_cast<long>(8 * page)) == reinterpret_cast<void *>(-1);
    CHILD_ASSERT_EQ(failed, has_filter(engine));
    CHILD_ASSERT_EQ(raw_brk(0), reinterpret_cast<long>(before));
  });
}

TEST_P(Brk, DoesNotUnmapASealedFileThatLiesOverTheHeap) {
  // Such a page is not called [heap], and brk takes it all the same.
  in_child([engine = GetParam()] {
    long size = static_cast<long>(page);
    long begin = (raw_brk(0) + size - 1) & -size, end = begin + 8 * size;
    auto *file = reinterpret_cast<char *>(begin + 2 * size);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    for (bool sealed : {false, true}) {
      CHILD_ASSERT_EQ(raw_brk(end), end);
      CHILD_ASSERT_EQ(
          mmap(file, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), file);
      if (sealed)
        CHILD_ASSERT_EQ(seal_by(engine, file, page), 0);
      long answer = raw_brk(begin);
      if (!sealed)  // control
        CHILD_ASSERT_EQ(answer, begin);
    }
    CHILD_ASSERT_EQ(raw_brk(0), end);
    CHILD_ASSERT_EQ(*file, 0x7f);
  });
}

TEST_P(Brk, BelowTheHeapIsTheKernelsOwnRefusalWhateverIsSealedThere) {
  // Filters stay across exec: what is below the heap of this program may be the
  // heap of the next one.
  in_child([engine = GetParam()] {
    static const char text = 't';
    auto *own = reinterpret_cast<char *>(
        reinterpret_cast<std::uintptr_t>(&text) & -page);
    long size = static_cast<long>(page);
    long begin = (raw_brk(0) + size - 1) & -size, end = begin + 8 * size;
    CHILD_ASSERT_EQ(raw_brk(end), end);
    CHILD_ASSERT_LT(reinterpret_cast<long>(own), begin);
    CHILD_ASSERT_EQ(seal_by(engine, own, page), 0);
    for (long to :
         {1L, reinterpret_cast<long>(own) - size, reinterpret_cast<long>(own)})
      CHILD_ASSERT_EQ(raw_brk(to), end);
    CHILD_ASSERT_EQ(raw_brk(begin), begin);
  });
}

}  // namespace
}  // namespace memseal::test
