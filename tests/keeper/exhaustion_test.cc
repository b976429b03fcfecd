// SPDX-License-Identifier: Apache-2.0
// A keeper that has no memory left lets nothing go on.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstdlib>

#include "keeper/bystander.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

using supervisor::SealKeeper;
using supervisor::Verdict;

/// Until there is none, and none can be had. Returns whether that worked.
bool use_all_memory() {
  rlimit none{};
  if (getrlimit(RLIMIT_AS, &none) != 0)
    return false;
  none.rlim_cur = 0;
  if (setrlimit(RLIMIT_AS, &none) != 0)
    return false;
  for (std::size_t size = 1 << 20; size >= 16; size /= 2) {
    while (std::malloc(size) != nullptr) {
    }
  }
  return true;
}

bool get_memory_back() {
  rlimit all{};
  getrlimit(RLIMIT_AS, &all);
  all.rlim_cur = all.rlim_max;
  return setrlimit(RLIMIT_AS, &all) == 0;
}

TEST(Exhaustion, of_memory_refuses_what_cannot_be_judged_and_goes_by) {
  EXPECT_EQ(
      in_child([] {
        if (!map_the_pages())
          return 90;
        SealKeeper keeper(page);
        Bystander process = Bystander::forked();
        if (seal_memory(keeper, process.pid(), 0, page_at(1)) != 0)
          return 91;
        if (!use_all_memory())
          return 92;
        Verdict change = judge(keeper, process.pid(), SYS_madvise, page_at(0),
                               page, MADV_DONTNEED);
        Verdict lower = judge(keeper, process.pid(), SYS_brk, page_at(0));
        if (!get_memory_back())
          return 93;
        if (change.kind != Verdict::Kind::answer || change.value != -ENOMEM)
          return 1;
        if (lower.kind != Verdict::Kind::answer || lower.value < 0)
          return 2;
        return refuses(keeper, process.pid(), 0) &&
                       !refuses(keeper, process.pid(), 3)
                   ? 0
                   : 3;
      }),
      0);
}

}  // namespace
}  // namespace memseal::test
