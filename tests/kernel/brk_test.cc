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

enum Step {
  held = 0,
  could_not_grow,
  control_failed,
  could_not_seal,
  shrunk,
  wrong_answer,
  cannot_grow_any_more,
  cannot_shrink_what_is_free,
  query_failed,
};

long raw_brk(long to) {
  return syscall(SYS_brk, to);
}

/// Grows the heap by eight pages, seals the third, tries to shrink below it.
Step try_to_shrink(Engine engine) {
  long begin =
      (raw_brk(0) + static_cast<long>(page) - 1) & -static_cast<long>(page);
  long size = static_cast<long>(page), end = begin + 8 * size;
  if (raw_brk(end) != end)
    return could_not_grow;
  // The control: without a seal the same call shrinks.
  if (raw_brk(begin) != begin || raw_brk(end) != end)
    return control_failed;
  auto *sealed = reinterpret_cast<char *>(begin + 2 * size);
  *sealed = 'h';
  if (seal_by(engine, sealed, page) != 0)
    return could_not_seal;
  for (long to : {begin, begin + size, begin + 2 * size}) {
    errno = 0;
    long answer = raw_brk(to);
    if (raw_brk(0) != end || *sealed != 'h')
      return shrunk;
    if (answer != (has_filter(engine) ? 0 : end))
      return wrong_answer;
  }
  if (raw_brk(end + size) != end + size)
    return cannot_grow_any_more;
  if (raw_brk(begin + 3 * size) != begin + 3 * size)
    return cannot_shrink_what_is_free;
  return raw_brk(0) == begin + 3 * size ? held : query_failed;
}

TEST_P(Brk, DoesNotShrinkBelowASealedPage) {
  EXPECT_EQ(in_child([&] { return try_to_shrink(GetParam()); }), held);
}

TEST_P(Brk, LibcNoticesUnderAFilterThatTheHeapDidNotShrink) {
  // Native answers with the old break, which sbrk(-n) takes for success.
  int step = in_child([engine = GetParam()] {
    auto *begin = static_cast<char *>(sbrk(0));
    begin += -reinterpret_cast<std::uintptr_t>(begin) & (page - 1);
    if (brk(begin + 8 * page) != 0)
      return 1;
    if (seal_by(engine, begin + 2 * page, page) != 0)
      return 2;
    void *before = sbrk(0);
    bool failed =
        sbrk(-static_cast<long>(8 * page)) == reinterpret_cast<void *>(-1);
    if (failed != has_filter(engine))
      return 3;
    return raw_brk(0) == reinterpret_cast<long>(before) ? 0 : 4;
  });
  EXPECT_EQ(step, 0);
}

TEST_P(Brk, DoesNotUnmapASealedFileThatLiesOverTheHeap) {
  // Such a page is not called [heap], and brk takes it all the same.
  int step = in_child([engine = GetParam()] {
    long size = static_cast<long>(page);
    long begin = (raw_brk(0) + size - 1) & -size, end = begin + 8 * size;
    auto *file = reinterpret_cast<char *>(begin + 2 * size);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    for (bool sealed : {false, true}) {
      if (raw_brk(end) != end ||
          mmap(file, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) != file)
        return could_not_grow;
      if (sealed && seal_by(engine, file, page) != 0)
        return could_not_seal;
      long answer = raw_brk(begin);
      if (!sealed && answer != begin)
        return control_failed;
    }
    return raw_brk(0) == end && *file == 0x7f ? held : shrunk;
  });
  EXPECT_EQ(step, held);
}

TEST_P(Brk, BelowTheHeapIsTheKernelsOwnRefusalWhateverIsSealedThere) {
  // Filters stay across exec: what is below the heap of this program may be the
  // heap of the next one.
  int step = in_child([engine = GetParam()] {
    static const char text = 't';
    auto *own = reinterpret_cast<char *>(
        reinterpret_cast<std::uintptr_t>(&text) & -page);
    long size = static_cast<long>(page);
    long begin = (raw_brk(0) + size - 1) & -size, end = begin + 8 * size;
    if (raw_brk(end) != end || reinterpret_cast<long>(own) >= begin)
      return could_not_grow;
    if (seal_by(engine, own, page) != 0)
      return could_not_seal;
    for (long to :
         {1L, reinterpret_cast<long>(own) - size, reinterpret_cast<long>(own)})
      if (raw_brk(to) != end)
        return wrong_answer;
    return raw_brk(begin) == begin ? held : cannot_shrink_what_is_free;
  });
  EXPECT_EQ(step, held);
}

}  // namespace
}  // namespace memseal::test
