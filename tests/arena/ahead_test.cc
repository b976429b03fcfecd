// SPDX-License-Identifier: Apache-2.0
// How much memory an arena takes before it is asked for it.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "arena/every_arena.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ARENA(ArenaAhead);

constexpr std::size_t mib = std::size_t{1} << 20;

bool kernel_populates() {
  void *memory = mmap(nullptr, page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return madvise(memory, page, 23 /* MADV_POPULATE_WRITE */) == 0;
}

/// Bytes that are in memory, in the first `size` bytes from `begin` on.
std::size_t resident(const void *begin, std::size_t size) {
  std::size_t bytes = 0;
  for (std::size_t at = 0; at < size; at += page) {
    unsigned char there = 0;
    char *address = page_of(begin) + at;
    bytes += mincore(address, page, &there) == 0 && (there & 1) ? page : 0;
  }
  return bytes;
}

TEST_P(ArenaAhead, a_small_arena_takes_what_it_uses_and_no_more) {
  with_arena([](SealedArena &arena) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    *arena.make<int>(1) = 2;
    CHILD_ASSERT_TRUE(arena.seal());
    *arena.make<int>(3) = 4;
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_EQ(resident(arena.info().begin, 4 * mib), 2 * page);
  });
}

TEST_P(ArenaAhead, it_never_takes_more_than_a_quarter_of_what_it_uses) {
  if (!kernel_populates())
    GTEST_SKIP() << "this kernel has no MADV_POPULATE_WRITE (Linux 5.14)";
  with_arena([](SealedArena &arena) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    const auto *begin = static_cast<const char *>(arena.info().begin);
    std::size_t most = 0;
    for (std::size_t used = page; used <= 16 * mib; used += page) {
      *static_cast<char *>(arena.allocate(page, page)) = 'x';
      CHILD_ASSERT_FALSE(used % (16 * page) == 0 && !arena.seal());
      if (used % (7 * page) != 0)
        continue;
      std::size_t ahead = resident(begin + used, 4 * mib);
      CHILD_ASSERT_LE(ahead, std::min(used / 4, mib / 4));
      most = std::max(most, ahead);
    }
    CHILD_ASSERT_LE(mib / 8, most);  // control: some it does take
  });
}

TEST_P(ArenaAhead, what_may_be_sparse_is_left_to_page_faults) {
  with_arena([](SealedArena &arena) {
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    for (int i = 0; i < 1024; ++i)
      *static_cast<char *>(arena.allocate(page, page)) = 'x';
    auto *sparse = static_cast<char *>(arena.allocate(3 * mib, page));
    sparse[3 * mib - 1] = 'x';
    // Its first pages were ahead of what came before.
    CHILD_ASSERT_LE(resident(sparse, 3 * mib), mib / 4 + page);
  });
}

TEST_P(ArenaAhead, memory_taken_ahead_is_zero_when_it_is_handed_out) {
  with_arena([](SealedArena &arena) {
    for (int i = 0; i < 20'000; ++i) {
      auto *words = static_cast<long *>(arena.allocate(1000, 8));
      for (int word = 0; word < 125; ++word)
        CHILD_ASSERT_EQ(words[word], 0);
      words[0] = words[124] = -1;
      CHILD_ASSERT_FALSE(i % 50 == 0 && !arena.seal());
    }
  });
}

}  // namespace
}  // namespace memseal::test
