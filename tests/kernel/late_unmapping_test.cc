// SPDX-License-Identifier: Apache-2.0
// S-45a, S-45b: calls that unmap an address which is in none of their
// arguments, or more than their arguments say.
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(LateUnmapping);
MEMSEAL_FILTERING_ENGINES(FilteredLateUnmapping);

constexpr int no_aio = 90, mark = 8;

/// Makes an AIO context, takes its ring away and puts a page of ours there:
/// io_destroy will unmap what lies at the ring's address. Null without AIO.
char *page_over_ring(aio_context_t &context) {
  context = 0;
  if (syscall(SYS_io_setup, 1, &context) != 0)
    return nullptr;
  auto *ring = reinterpret_cast<char *>(context);  // the id is the address
  auto id = *reinterpret_cast<unsigned *>(ring);   // io_destroy reads it there
  void *ours = mmap(ring, page, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (ours != ring)
    return nullptr;
  *reinterpret_cast<unsigned *>(ring) = id;
  ring[mark] = 'r';
  return ring;
}

/// 0: refused with EPERM. 1: succeeded, the page is there. 2: it is gone.
int destroy_under_seal(Engine engine, Level level) {
  aio_context_t twin_context, context;
  char *twin = page_over_ring(twin_context), *sealed = page_over_ring(context);
  if (twin == nullptr || sealed == nullptr)
    return no_aio;
  if (syscall(SYS_io_destroy, twin_context) != 0 || peek(twin + mark) >= 0)
    return 10;  // the control: the page goes
  if (harden(engine, level) != 0 || seal_by(engine, sealed, page) != 0)
    return 11;
  long answer = syscall(SYS_io_destroy, context);
  if (answer == -1 && errno == EPERM)
    return peek(sealed + mark) == 'r' ? 0 : 12;
  return peek(sealed + mark) == 'r' ? 1 : 2;
}

TEST_P(FilteredLateUnmapping, OfAnAioRingIsRefusedAtTheClosedLevel) {  // S-45a
  int step =
      in_child([&] { return destroy_under_seal(GetParam(), Level::closed); });
  if (step == no_aio)
    GTEST_SKIP() << "this kernel has no AIO";
  EXPECT_EQ(step, 0);
}

TEST_P(LateUnmapping, OfAnAioRingIsOpenToAFilterAlone) {  // S-45a
  int step = in_child(
      [&] { return destroy_under_seal(GetParam(), Level::compatible); });
  if (step == no_aio)
    GTEST_SKIP() << "this kernel has no AIO";
  EXPECT_EQ(step, kernel_seals(GetParam()) ? 1 : 2);
}

TEST_P(FilteredLateUnmapping, ByHugePageMemfdsIsRefused) {  // S-45b
  int step = in_child([engine = GetParam()] {
    if (memfd_create("twin", MFD_HUGETLB) == -1)
      return no_aio;
    if (harden(engine, Level::compatible) != 0)
      return 1;
    if (memfd_create("huge", MFD_HUGETLB) != -1 || errno != EPERM)
      return 2;
    return memfd_create("ordinary", MFD_CLOEXEC) != -1 ? 0 : 3;
  });
  if (step == no_aio)
    GTEST_SKIP() << "this kernel has no huge pages (CONFIG_HUGETLBFS)";
  EXPECT_EQ(step, 0);
}

}  // namespace
}  // namespace memseal::test
