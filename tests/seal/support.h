// SPDX-License-Identifier: Apache-2.0
// What the tests of sealing share: pages, twins, and the engines there are.
#pragma once

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "memseal/memseal.h"
#include "seal/register.h"
#include "support/in_child.h"
#include "sys/memory.h"
#include "sys/signals.h"

namespace memseal::test {

inline const std::size_t page = static_cast<std::size_t>(getpagesize());

/// `count` fresh pages between guard pages of no access, so that neighbouring
/// tests do not merge into one VMA. Ends the child if there is no memory.
inline char *fresh_pages(std::size_t count, int prot = PROT_READ | PROT_WRITE) {
  auto *at = static_cast<char *>(mmap(nullptr, (count + 2) * page, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CHILD_ASSERT_NE(at, MAP_FAILED);
  CHILD_ASSERT_EQ(mprotect(at + page, count * page, prot), 0);
  return at + page;
}

/// `count` pages with a page between each two, MEMSEAL_MAPPING asked for.
inline std::vector<memseal_range> scattered(std::size_t count) {
  constexpr std::size_t apart = 64;
  char *at = fresh_pages(apart * count);
  std::vector<memseal_range> ranges;
  for (std::size_t i = 0; i < count; ++i)
    ranges.push_back({at + apart * i * page, page, MEMSEAL_MAPPING, 0});
  return ranges;
}

/// Whether a call failed with exactly this errno.
inline bool refused(long outcome, int with) {
  return outcome == -1 && errno == with;
}

/// Blocks or unblocks memseal's signal for this thread. By the bare call, since
/// libc's leave it alone.
inline void block_raw(int how) {
  sys::SignalSet set = sys::signal_bit(quiesce_signal);
  syscall(SYS_rt_sigprocmask, how, &set, nullptr, sizeof set);
}

/// What a test runs on.
struct EngineCase {
  const char *name;
  unsigned flag;
};
inline void PrintTo(const EngineCase &engine, std::ostream *out) {
  *out << engine.name;
}
inline const EngineCase engines[] = {
    {"native", MEMSEAL_NATIVE},
    {"filter", MEMSEAL_FILTER},
    {"strict", MEMSEAL_STRICT},
};

/// A test that runs once for each engine; skips visibly where the kernel has
/// none.
class OnEveryEngine : public testing::TestWithParam<EngineCase> {
protected:
  void SetUp() override {
    if (GetParam().flag == MEMSEAL_NATIVE && !sys::has_mseal())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
  static unsigned engine() { return GetParam().flag; }
};

#define MEMSEAL_ON_EVERY_ENGINE(suite)                                \
  INSTANTIATE_TEST_SUITE_P(Engines, suite,                            \
                           testing::ValuesIn(memseal::test::engines), \
                           [](const auto &each) { return each.param.name; })

}  // namespace memseal::test
