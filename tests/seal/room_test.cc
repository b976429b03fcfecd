// SPDX-License-Identifier: Apache-2.0
// S-12 when the process may have no more mappings: mseal(2) alone would seal
// the first mapping of a range and then fail to split the last.
#include "memseal/seal.h"
#include "seal/support.h"

namespace memseal::test {
namespace {

constexpr const char *too_many_mappings =
    "vm.max_map_count allows more mappings than this test";

class CrowdedOut : public OnEveryEngine {};
INSTANTIATE_TEST_SUITE_P(, CrowdedOut, testing::ValuesIn(engines),
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

TEST_P(CrowdedOut, SealsAllOrNothing) {
  for (std::size_t room : {0, 1, 2}) {
    SCOPED_TRACE(testing::Message() << "room for " << room);
    in_child([room, engine = engine()] {
      char *range = fresh_pages(16);
      CHILD_ASSERT_EQ(mprotect(range + 8 * page, 8 * page, PROT_READ), 0);
      CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_ALL, engine), 0);
      Crowd crowd;
      if (!crowd.is_full())
        CHILD_SKIP(too_many_mappings);
      crowd.make_room(room);
      // From the middle of one mapping to the middle of another.
      bool sealed =
          memseal(range + 4 * page, 8 * page, MEMSEAL_ALL, engine) == 0;
      if (!sealed)
        CHILD_ASSERT_EQ(errno, ENOMEM);
      crowd.make_room(8);
      bool first_kept = munmap(range + 4 * page, page) != 0;
      bool last_kept = munmap(range + 11 * page, page) != 0;
      CHILD_ASSERT_EQ(first_kept, sealed);
      CHILD_ASSERT_EQ(last_kept, sealed);
    });
  }
}

TEST(WithoutRoom, EachRangeOfABatchIsSealedWholeOrNotAtAll) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  for (std::size_t room : {2, 3}) {
    SCOPED_TRACE(testing::Message() << "room for " << room);
    in_child([room] {
      char *at = fresh_pages(16), *ranges[] = {at, fresh_pages(16)};
      for (char *range : ranges)
        CHILD_ASSERT_EQ(mprotect(range + 8 * page, 8 * page, PROT_READ), 0);
      auto middle = [](char *range) {
        auto begin = reinterpret_cast<Address>(range + 4 * page);
        return *PageRange::create(begin, 8 * page, page);
      };
      SealRequest requests[] = {{middle(ranges[0])}, {middle(ranges[1])}};
      CHILD_ASSERT_EQ(
          memseal(fresh_pages(1), page, MEMSEAL_ALL, MEMSEAL_NATIVE), 0);
      Crowd crowd;
      if (!crowd.is_full())
        CHILD_SKIP(too_many_mappings);
      crowd.make_room(room);
      bool sealed = seal(requests, Engine::native).has_value();
      crowd.make_room(8);
      int kept[2];
      for (int i = 0; i < 2; ++i) {
        kept[i] = munmap(ranges[i] + 4 * page, page) != 0;
        CHILD_ASSERT_EQ(munmap(ranges[i] + 11 * page, page) != 0, kept[i]);
      }
      if (sealed)
        CHILD_ASSERT_EQ(kept[0] + kept[1], 2);
    });
  }
}

}  // namespace
}  // namespace memseal::test
