// SPDX-License-Identifier: Apache-2.0
// Where an arena comes to an end: an error, and nothing lost.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "arena/every_arena.h"
#include "memseal/memseal_arena.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ARENA(ArenaEnd);

constexpr std::size_t mib = std::size_t{1} << 20;

std::size_t virtual_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * page;
}

bool limit_addresses(std::size_t bytes) {
  rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

TEST_P(ArenaEnd, a_tebibyte_is_reserved_and_takes_no_memory) {
  in_child([engine = GetParam()] {
    std::size_t before = virtual_bytes();
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 0, engine), 0);
    memseal_arena_info info{};
    memseal_arena_query(arena, &info);
    CHILD_ASSERT_EQ(info.reservation, std::size_t{1} << 40);
    CHILD_ASSERT_LT(virtual_bytes(), before + mib);
  });
}

TEST_P(ArenaEnd, of_memory_loses_nothing_and_can_be_got_over) {
  in_child([engine = GetParam()] {
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 0, engine), 0);
    std::vector<char *> built;
    built.reserve(4096);
    CHILD_ASSERT_TRUE(limit_addresses(virtual_bytes() + 7 * mib));
    auto next = [&] {
      return static_cast<char *>(memseal_arena_allocate(arena, page, page));
    };
    while (char *object = next()) {
      built.push_back(object);
      std::memset(object, static_cast<int>(built.size() % 100), page);
    }
    int why = errno;
    limit_addresses(RLIM_INFINITY);
    // To the last page there was, whatever the arena's step is.
    CHILD_ASSERT_EQ(why, ENOMEM);
    CHILD_ASSERT_GE(built.size(), 7 * mib / page - 8);
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    for (std::size_t i = 0; i < built.size(); ++i) {
      CHILD_ASSERT_EQ(built[i][page - 1], static_cast<char>((i + 1) % 100));
      CHILD_ASSERT_TRUE(memseal_arena_is_sealed(arena, built[i], page));
    }
    char *more = next();
    CHILD_ASSERT_NE(more, nullptr);
    *more = 'x';
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    CHILD_ASSERT_EQ(*more, 'x');
  });
}

TEST_P(ArenaEnd, before_something_foreign_neither_harms_it_nor_what_was_built) {
  with_arena([](SealedArena &arena) {
    auto *first = static_cast<char *>(arena.allocate(page, page));
    *first = 'x';
    char *hole = first + 3 * mib;
    void *foreign =
        mmap(hole, page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHILD_ASSERT_EQ(foreign, hole);
    *hole = 'f';
    char *last = first;
    try {
      for (;;)
        last = static_cast<char *>(arena.allocate(page, page));
    } catch (const std::bad_alloc &) {
    }
    CHILD_ASSERT_EQ(last + page, hole);  // control: up to it all was to be had
    *last = 'y';
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_EQ(*first, 'x');
    CHILD_ASSERT_EQ(*last, 'y');
    CHILD_ASSERT_EQ(*hole, 'f');
    CHILD_ASSERT_FALSE(arena.is_sealed(*hole));
  });
}

TEST_P(ArenaEnd, of_mappings_refuses_the_seal_and_leaves_all_writable) {
  with_arena([](SealedArena &arena) {
    auto *bytes = static_cast<char *>(arena.allocate(2 * page, page));
    *bytes = 'x';
    // Splits a stretch of memory until the kernel takes no more mappings.
    constexpr std::size_t most = 200'000;
    auto *crowd = static_cast<char *>(
        mmap(nullptr, most * page, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    std::size_t used = 0;
    while (used + 2 < most &&
           mprotect(crowd + used * page, page, PROT_READ) == 0)
      used += 2;
    if (used + 2 >= most)
      CHILD_SKIP("vm.max_map_count allows more mappings than this test");
    auto refused = arena.seal();
    CHILD_ASSERT_FALSE(refused);
    CHILD_ASSERT_EQ(refused.error().to_errno(), ENOMEM);
    CHILD_ASSERT_FALSE(arena.is_sealed(*bytes));
    *bytes = 'y';  // still writable, by no call of ours
    munmap(crowd, 200 * page);
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_TRUE(arena.is_sealed(*bytes));
    CHILD_ASSERT_EQ(*bytes, 'y');
    CHILD_ASSERT_EQ(mprotect(bytes, page, PROT_READ | PROT_WRITE), -1);
  });
}

TEST_P(ArenaEnd, of_arenas_is_after_256_that_lie_apart_with_gaps_between) {
  in_child([engine = GetParam()] {
    std::vector<std::pair<std::uintptr_t, std::uintptr_t>> taken;
    memseal_arena *arena = nullptr;
    for (int i = 0; i < 256; ++i) {
      CHILD_ASSERT_EQ(memseal_arena_create(&arena, 32 * mib, engine), 0);
      memseal_arena_info info{};
      memseal_arena_query(arena, &info);
      auto begin = reinterpret_cast<std::uintptr_t>(info.begin);
      for (auto [b, e] : taken)
        CHILD_ASSERT_FALSE(begin < e + 2 * mib &&
                           b < begin + 32 * mib + 2 * mib);
      taken.emplace_back(begin, begin + 32 * mib);
    }
    memseal_arena *last = arena;
    CHILD_ASSERT_ERROR(memseal_arena_create(&arena, 32 * mib, engine), ENOMEM);
    CHILD_ASSERT_EQ(arena, last);
    // The others go on.
    CHILD_ASSERT_NE(memseal_arena_allocate(last, 1, 1), nullptr);
    CHILD_ASSERT_EQ(memseal_arena_seal(last), 0);
  });
}

TEST_P(ArenaEnd, has_nothing_mapped_before_and_behind_it) {
  auto read_at = [&](std::ptrdiff_t offset) {
    return in_child([engine = GetParam(), offset] {
      SealedArena arena(2 * mib, engine);
      auto *first = static_cast<char *>(arena.allocate(2 * mib, page));
      *first = 'x';
      CHILD_ASSERT_TRUE(arena.seal());
      return *static_cast<volatile char *>(first + offset) < 2 ? 0 : 2;
    });
  };
  EXPECT_EQ(read_at(0), 2);            // control
  EXPECT_EQ(read_at(2 * mib - 1), 0);  // control: a zero
  EXPECT_EQ(read_at(-1), 1000 + SIGSEGV);
  EXPECT_EQ(read_at(2 * mib), 1000 + SIGSEGV);
}

TEST_P(ArenaEnd, of_the_reservation_loses_nothing) {
  in_child([engine = GetParam()] {
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 2 << 20, engine), 0);
    auto *bytes =
        static_cast<char *>(memseal_arena_allocate(arena, (2 << 20) - page, 1));
    CHILD_ASSERT_NE(bytes, nullptr);
    bytes[0] = 'x';
    errno = 0;
    CHILD_ASSERT_EQ(memseal_arena_allocate(arena, 2 * page, 1), nullptr);
    CHILD_ASSERT_EQ(errno, ENOMEM);
    CHILD_ASSERT_NE(memseal_arena_allocate(arena, page, 1),
                    nullptr);  // control: what fits still fits
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    CHILD_ASSERT_EQ(bytes[0], 'x');
    CHILD_ASSERT_TRUE(memseal_arena_is_sealed(arena, bytes, 2 << 20));
  });
}

}  // namespace
}  // namespace memseal::test
