// SPDX-License-Identifier: Apache-2.0
// S-12 when the process may have no more mappings: mseal(2) alone would seal
// the first mapping of a range and then fail to split the last.
#include "seal/support.h"

namespace memseal::test {
namespace {

class WithoutRoom : public OnEveryEngine {};
INSTANTIATE_TEST_SUITE_P(, WithoutRoom, testing::ValuesIn(engines),
                         [](const auto &each) { return each.param.name; });

/// Splits a stretch of memory until the kernel refuses. Its last parts can be
/// unmapped to make room again.
class Crowd {
public:
  Crowd() : begin_(fresh_pages(most, PROT_NONE)) {
    while (used_ + 2 < most &&
           mprotect(begin_ + used_ * page, page, PROT_READ) == 0)
      used_ += 2;
  }
  bool is_full() const { return used_ + 2 < most; }
  void make_room(std::size_t mappings) {
    for (; mappings != 0; --mappings)
      munmap(begin_ + (used_ -= 2) * page, page);
  }

private:
  static constexpr std::size_t most = 200'000;
  char *begin_;
  std::size_t used_ = 0;
};

TEST_P(WithoutRoom, SealsAllOrNothing) {
  for (std::size_t room : {0, 1, 2}) {
    int step = in_child([room, engine = engine()] {
      char *range = fresh_pages(16);
      if (mprotect(range + 8 * page, 8 * page, PROT_READ) != 0 ||
          memseal(fresh_pages(1), page, MEMSEAL_ALL, engine) != 0)
        return 1;
      Crowd crowd;
      if (!crowd.is_full())
        return 77;  // vm.max_map_count is higher than usual
      crowd.make_room(room);
      // From the middle of one mapping to the middle of another.
      bool sealed =
          memseal(range + 4 * page, 8 * page, MEMSEAL_ALL, engine) == 0;
      if (!sealed && errno != ENOMEM)
        return 2;
      crowd.make_room(8);
      bool first_kept = munmap(range + 4 * page, page) != 0;
      bool last_kept = munmap(range + 11 * page, page) != 0;
      return first_kept == sealed && last_kept == sealed ? 0 : 3;
    });
    if (step == 77)
      GTEST_SKIP() << "vm.max_map_count allows more mappings than this test";
    EXPECT_EQ(step, 0) << "with room for " << room;
  }
}

}  // namespace
}  // namespace memseal::test
