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

constexpr int mark = 8;

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

enum class End { refused, page_stays, page_goes };
End destroy_under_seal(Engine engine, Level level) {
  aio_context_t twin_context, context;
  char *twin = page_over_ring(twin_context), *sealed = page_over_ring(context);
  if (twin == nullptr || sealed == nullptr)
    CHILD_SKIP("this kernel has no AIO");
  CHILD_ASSERT_EQ(syscall(SYS_io_destroy, twin_context), 0);
  CHILD_ASSERT_LT(peek(twin + mark), 0);  // the control: the page goes
  CHILD_ASSERT_EQ(harden(engine, level), 0);
  CHILD_ASSERT_EQ(seal_by(engine, sealed, page), 0);
  if (syscall(SYS_io_destroy, context) == -1 && errno == EPERM) {
    CHILD_ASSERT_EQ(peek(sealed + mark), 'r');
    return End::refused;
  }
  return peek(sealed + mark) == 'r' ? End::page_stays : End::page_goes;
}

TEST_P(FilteredLateUnmapping, OfAnAioRingIsRefusedAtTheClosedLevel) {  // S-45a
  in_child([&] {
    CHILD_ASSERT_EQ(destroy_under_seal(GetParam(), Level::closed),
                    End::refused);
  });
}

TEST_P(LateUnmapping, OfAnAioRingIsOpenToAFilterAlone) {  // S-45a
  End end = kernel_seals(GetParam()) ? End::page_stays : End::page_goes;
  in_child([&] {
    CHILD_ASSERT_EQ(destroy_under_seal(GetParam(), Level::compatible), end);
  });
}

TEST_P(FilteredLateUnmapping, ByHugePageMemfdsIsRefused) {  // S-45b
  in_child([engine = GetParam()] {
    if (memfd_create("twin", MFD_HUGETLB) == -1)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    CHILD_ASSERT_EQ(harden(engine, Level::compatible), 0);
    CHILD_ASSERT_ERROR(memfd_create("huge", MFD_HUGETLB), EPERM);
    CHILD_ASSERT_NE(memfd_create("ordinary", MFD_CLOEXEC), -1);
  });
}

}  // namespace
}  // namespace memseal::test
