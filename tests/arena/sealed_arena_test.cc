// SPDX-License-Identifier: Apache-2.0
// What a SealedArena promises, on both engines alike.
#include "memseal/arena.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "support/in_child.h"

namespace memseal {
namespace {

constexpr std::size_t page = 4096;

bool mseal_is_there() {
  return syscall(462, 0, 0, 0) == 0;
}

std::size_t count_vmas_in(const memseal_arena_info &info) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  auto begin = reinterpret_cast<std::uintptr_t>(info.begin);
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t at = std::stoul(line, nullptr, 16);
    count += begin <= at && at < begin + info.reservation ? 1 : 0;
  }
  return count;
}

class Arena : public testing::TestWithParam<unsigned> {
protected:
  void SetUp() override {
    if (GetParam() == MEMSEAL_ARENA_NATIVE && !mseal_is_there())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
  // Runs `body` with a fresh arena in a process of its own.
  int with_arena(int (*body)(SealedArena &)) {
    return test::in_child([&] {
      SealedArena arena(MEMSEAL_ARENA_DEFAULT_RESERVATION, GetParam());
      return body(arena);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(
    engines, Arena, testing::Values(MEMSEAL_ARENA_NATIVE, MEMSEAL_ARENA_FILTER),
    [](const auto &engine) {
      return engine.param == MEMSEAL_ARENA_NATIVE ? "native" : "filter";
    });

TEST_P(Arena, is_writable_until_sealed_and_readable_after) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              auto *number = arena.make<int>(1);
              *number = 2;  // control: not sealed yet
              if (arena.is_sealed(*number))
                return 1;
              if (!arena.seal())
                return 2;
              if (!arena.is_sealed(*number) || *number != 2)
                return 3;
              return 0;
            }),
            0);
}

TEST_P(Arena, a_write_to_a_sealed_object_is_a_SIGSEGV) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              volatile int *number = arena.make<int>(1);
              if (!arena.seal())
                return 1;
              *number = 2;
              return 2;
            }),
            1000 + SIGSEGV);
}

TEST_P(Arena, no_call_makes_sealed_memory_writable_or_takes_it_away) {
  EXPECT_EQ(
      with_arena([](SealedArena &arena) {
        auto *bytes = static_cast<char *>(arena.allocate(4 * page, page));
        std::memset(bytes, 'x', 4 * page);
        // Control: the same acts on an ordinary mapping succeed.
        auto *twin = static_cast<char *>(mmap(
            nullptr, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (!arena.seal())
          return 1;
        struct Attack {
          int (*act)(char *);
        };
        const Attack attacks[] = {
            {[](char *p) { return mprotect(p, page, PROT_READ | PROT_WRITE); }},
            {[](char *p) { return mprotect(p, page, PROT_NONE); }},
            {[](char *p) { return pkey_mprotect(p, page, PROT_WRITE, -1); }},
            {[](char *p) { return madvise(p, page, MADV_DONTNEED); }},
            {[](char *p) { return madvise(p, page, MADV_DONTFORK); }},
            {[](char *p) {
              return mremap(p, 2 * page, page, 0) == MAP_FAILED ? -1 : 0;
            }},
            {[](char *p) {
              return mmap(p, page, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                          0) == MAP_FAILED
                         ? -1
                         : 0;
            }},
            {[](char *p) { return munmap(p, page); }},
        };
        int step = 10;
        for (const Attack &attack : attacks) {
          ++step;
          if (attack.act(twin) != 0)
            return step;
          errno = 0;
          if (attack.act(bytes) != -1 || errno != EPERM)
            return step + 20;
          for (std::size_t i = 0; i < 4 * page; ++i) {
            if (bytes[i] != 'x')
              return step + 40;
          }
        }
        return 0;
      }),
      0);
}

TEST_P(Arena, goes_on_building_after_a_seal) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              int *first = arena.make<int>(1);
              if (!arena.seal())
                return 1;
              int *second = arena.make<int>(2);
              *second = 3;
              if (arena.is_sealed(*second) || !arena.is_sealed(*first))
                return 2;
              if (!arena.seal() || !arena.is_sealed(*second))
                return 3;
              return *first == 1 && *second == 3 ? 0 : 4;
            }),
            0);
}

TEST_P(Arena, a_hundred_thousand_seals_in_order_take_a_handful_of_vmas) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              for (int i = 0; i < 100'000; ++i) {
                auto *bytes = static_cast<char *>(arena.allocate(page, page));
                bytes[0] = 'x';
                if (!arena.seal())
                  return 1;
              }
              auto info = arena.info();
              if (info.sealed != 100'000 * page || info.open != 0)
                return 2;
              return count_vmas_in(info) <= 3 ? 0 : 3;
            }),
            0);
}

TEST_P(Arena, when_the_reservation_is_used_up_nothing_is_lost) {
  EXPECT_EQ(test::in_child([engine = GetParam()] {
              memseal_arena *arena = nullptr;
              if (memseal_arena_create(&arena, 2 << 20, engine) != 0)
                return 1;
              auto *bytes = static_cast<char *>(
                  memseal_arena_allocate(arena, (2 << 20) - page, 1));
              if (bytes == nullptr)
                return 2;
              bytes[0] = 'x';
              errno = 0;
              if (memseal_arena_allocate(arena, 2 * page, 1) != nullptr ||
                  errno != ENOMEM)
                return 3;
              if (memseal_arena_allocate(arena, page, 1) == nullptr)
                return 4;  // control: what fits still fits
              if (memseal_arena_seal(arena) != 0 || bytes[0] != 'x')
                return 5;
              return memseal_arena_is_sealed(arena, bytes, 2 << 20) ? 0 : 6;
            }),
            0);
}

TEST_P(Arena, a_forked_child_inherits_the_seals_and_builds_its_own) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              int *first = arena.make<int>(1);
              if (!arena.seal())
                return 1;
              pid_t child = fork();
              if (child == 0) {
                if (mprotect(reinterpret_cast<void *>(
                                 reinterpret_cast<std::uintptr_t>(first) &
                                 ~(page - 1)),
                             page, PROT_READ | PROT_WRITE) != -1)
                  _exit(1);
                int *second = arena.make<int>(2);
                _exit(arena.seal() && *first == 1 && *second == 2 ? 0 : 2);
              }
              int status = 0;
              waitpid(child, &status, 0);
              if (status != 0)
                return 2;
              return arena.info().open == 0 ? 0 : 3;  // the child's is not ours
            }),
            0);
}

TEST_P(Arena, holds_a_map_of_strings_that_nobody_can_change) {
  EXPECT_EQ(
      with_arena([](SealedArena &arena) {
        using Routes = std::pmr::map<int, std::pmr::string>;
        auto *routes = arena.make<Routes>(&arena);
        for (int port = 0; port < 1000; ++port)
          (*routes)[port] = "a string too long for the small buffer " +
                            std::pmr::string(std::to_string(port), &arena);
        if (!arena.seal())
          return 1;
        if (routes->at(443) != "a string too long for the small buffer 443")
          return 2;
        for (const auto &[port, name] : *routes) {
          if (!arena.is_sealed(name) || !arena.is_sealed(*name.data()))
            return 3;
        }
        return 0;
      }),
      0);
}

TEST_P(Arena, threads_that_build_at_once_get_separate_memory) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              std::vector<std::thread> threads;
              std::vector<std::vector<std::size_t *>> made(4);
              for (std::size_t t = 0; t < 4; ++t)
                threads.emplace_back([&, t] {
                  for (std::size_t i = 0; i < 5000; ++i)
                    made[t].push_back(arena.make<std::size_t>(t * 10000 + i));
                });
              for (auto &thread : threads)
                thread.join();
              if (!arena.seal())
                return 1;
              for (std::size_t t = 0; t < 4; ++t)
                for (std::size_t i = 0; i < 5000; ++i)
                  if (*made[t][i] != t * 10000 + i)
                    return 2;
              return 0;
            }),
            0);
}

TEST_P(Arena, a_second_arena_is_as_good_as_the_first) {
  EXPECT_EQ(with_arena([](SealedArena &first) {
              SealedArena second(0, GetParam());
              int *a = first.make<int>(1), *b = second.make<int>(2);
              if (!first.seal() || second.is_sealed(*b))
                return 1;
              *b = 3;  // control: sealing one does not seal the other
              if (!second.seal())
                return 2;
              return *a == 1 && *b == 3 ? 0 : 3;
            }),
            0);
}

TEST_P(Arena, alignments_are_kept) {
  EXPECT_EQ(
      with_arena([](SealedArena &arena) {
        for (std::size_t alignment = 1; alignment <= 1 << 16; alignment *= 2) {
          auto at =
              reinterpret_cast<std::uintptr_t>(arena.allocate(3, alignment));
          if (at % alignment != 0)
            return 1;
        }
        return 0;
      }),
      0);
}

int filters_of_this_process() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Seccomp_filters:"))
      return std::stoi(line.substr(line.find(':') + 1));
  return -1;
}

// Run by the test below, in the image after an exec.
TEST(ArenaAfterExec, DISABLED_in_the_next_program) {
  int before = filters_of_this_process();
  SealedArena arena(0, MEMSEAL_ARENA_FILTER);
  int *number = arena.make<int>(7);
  ASSERT_TRUE(arena.seal());
  EXPECT_EQ(
      mprotect(reinterpret_cast<void *>(
                   reinterpret_cast<std::uintptr_t>(number) & ~(page - 1)),
               page, PROT_READ | PROT_WRITE),
      -1);
  EXPECT_EQ(filters_of_this_process(), before);
}

TEST(ArenaAfterExec, the_next_programs_arenas_need_no_further_filter) {
  if (filters_of_this_process() < 0)
    GTEST_SKIP() << "this kernel does not count filters (Linux 5.9)";
  EXPECT_EQ(test::in_child([] {
              SealedArena arena(0, MEMSEAL_ARENA_FILTER);
              if (filters_of_this_process() < 2)  // control: base and window
                return 1;
              execl("/proc/self/exe", "test_arena",
                    "--gtest_also_run_disabled_tests",
                    "--gtest_filter=ArenaAfterExec.DISABLED_*",
                    "--gtest_brief=1", nullptr);
              return 2;
            }),
            0);
}

TEST(ArenaArguments, that_make_no_sense_are_refused) {
  memseal_arena *arena = nullptr;
  errno = 0;
  EXPECT_EQ(memseal_arena_create(&arena, std::size_t{9} << 40, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(memseal_arena_create(&arena, page, 7), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(arena, nullptr);
  if (!mseal_is_there())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  ASSERT_EQ(memseal_arena_create(&arena, page, MEMSEAL_ARENA_NATIVE), 0);
  errno = 0;
  EXPECT_EQ(memseal_arena_allocate(arena, 1, 3), nullptr);
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace memseal
