// SPDX-License-Identifier: Apache-2.0
#include "provide/arguments.h"

#include <gtest/gtest.h>

namespace memseal::provide {
namespace {

constexpr unsigned long top = ~0UL;

TEST(Arguments, of_mseal_are_refused_as_linux_refuses_them) {
  for (unsigned long page : {4096UL, 16384UL, 65536UL}) {
    struct {
      const char *what;
      unsigned long begin, length, flags;
      long error;
    } const cases[] = {
        {"whole pages", page, 2 * page, 0, 0},
        {"a length is rounded up", page, 1, 0, 0},
        {"nothing", 0, 0, 0, 0},
        {"nothing, anywhere", 5 * page, 0, 0, 0},
        {"the last page but one", top - 2 * page + 1, page, 0, 0},
        {"flags", page, page, 1, -EINVAL},
        {"flags, for nothing", page, 0, 1UL << 63, -EINVAL},
        {"an unaligned address", page + 1, page, 0, -EINVAL},
        {"an unaligned address, for nothing", page - 1, 0, 0, -EINVAL},
        {"a length that rounds up to 0", page, top, 0, -EINVAL},
        {"the same, by the least", page, top - page + 2, 0, -EINVAL},
        {"an end that wraps", top - page + 1, 2 * page, 0, -EINVAL},
    };
    for (const auto &c : cases)
      EXPECT_EQ(check_arguments(c.begin, c.length, c.flags, page), c.error)
          << c.what << ", pages of " << page;
  }
}

// begin + size is 0, which is below begin: S-04.
TEST(Arguments, a_range_that_ends_at_the_end_of_memory_wraps) {
  EXPECT_EQ(check_arguments(top - 4095, 4096, 0, 4096), -EINVAL);
}

}  // namespace
}  // namespace memseal::provide
