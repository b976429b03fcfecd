// SPDX-License-Identifier: Apache-2.0
// What a SealedArena promises, on both engines alike.
#include "memseal/arena.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "arena/every_arena.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ARENA(Arena);

TEST_P(Arena, is_writable_until_sealed_and_readable_after) {
  with_arena([](SealedArena &arena) {
    auto *number = arena.make<int>(1);
    *number = 2;  // control: not sealed yet
    CHILD_ASSERT_FALSE(arena.is_sealed(*number));
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_TRUE(arena.is_sealed(*number));
    CHILD_ASSERT_EQ(*number, 2);
  });
}

TEST_P(Arena, a_write_to_a_sealed_object_is_a_SIGSEGV) {
  EXPECT_EQ(with_arena([](SealedArena &arena) {
              volatile int *number = arena.make<int>(1);
              CHILD_ASSERT_TRUE(arena.seal());
              *number = 2;
              return 0;
            }),
            1000 + SIGSEGV);
}

TEST_P(Arena, no_call_makes_sealed_memory_writable_or_takes_it_away) {
  with_arena([](SealedArena &arena) {
    auto *bytes = static_cast<char *>(arena.allocate(4 * page, page));
    std::memset(bytes, 'x', 4 * page);
    CHILD_ASSERT_TRUE(arena.seal());
    attack(bytes + page, twin_for_attack());
    for (std::size_t i = 0; i < 4 * page; ++i) {
      CHILD_ASSERT_EQ(bytes[i], 'x');
    }
  });
}

TEST_P(Arena, a_forgotten_seal_shows_in_its_open_bytes) {
  with_arena([](SealedArena &arena) {
    CHILD_ASSERT_EQ(arena.info().open, 0);
    arena.make<std::array<char, 100>>();
    CHILD_ASSERT_EQ(arena.info().open, 100);
    CHILD_ASSERT_EQ(arena.info().sealed, 0);
    CHILD_ASSERT_TRUE(arena.seal());
    auto info = arena.info();
    CHILD_ASSERT_EQ(info.open, 0);
    CHILD_ASSERT_EQ(info.sealed, page);
  });
}

TEST_P(Arena, goes_on_building_after_a_seal) {
  with_arena([](SealedArena &arena) {
    int *first = arena.make<int>(1);
    CHILD_ASSERT_TRUE(arena.seal());
    int *second = arena.make<int>(2);
    *second = 3;
    CHILD_ASSERT_FALSE(arena.is_sealed(*second));
    CHILD_ASSERT_TRUE(arena.is_sealed(*first));
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_TRUE(arena.is_sealed(*second));
    CHILD_ASSERT_EQ(*first, 1);
    CHILD_ASSERT_EQ(*second, 3);
  });
}

TEST_P(Arena, a_hundred_thousand_seals_in_order_take_a_handful_of_vmas) {
  with_arena([](SealedArena &arena) {
    for (int i = 0; i < 100'000; ++i) {
      auto *bytes = static_cast<char *>(arena.allocate(page, page));
      bytes[0] = 'x';
      CHILD_ASSERT_TRUE(arena.seal());
    }
    auto info = arena.info();
    CHILD_ASSERT_EQ(info.sealed, 100'000 * page);
    CHILD_ASSERT_EQ(info.open, 0);
    CHILD_ASSERT_LE(count_vmas_in(info), 3);
  });
}

TEST_P(Arena, a_forked_child_inherits_the_seals_and_builds_its_own) {
  with_arena([](SealedArena &arena) {
    int *first = arena.make<int>(1);
    CHILD_ASSERT_TRUE(arena.seal());
    pid_t child = fork();
    if (child == 0) {
      CHILD_ASSERT_ERROR(mprotect(page_of(first), page, PROT_READ | PROT_WRITE),
                         EPERM);
      int *second = arena.make<int>(2);
      CHILD_ASSERT_TRUE(arena.seal());
      CHILD_ASSERT_EQ(*first, 1);
      CHILD_ASSERT_EQ(*second, 2);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHILD_ASSERT_EQ(status, 0);
    CHILD_ASSERT_EQ(arena.info().open, 0);  // the child's is not ours
  });
}

TEST_P(Arena, a_child_can_build_whatever_other_threads_did_when_it_was_forked) {
  with_arena([](SealedArena &arena) {
    std::atomic<bool> stop = false;
    std::vector<std::thread> others;
    for (int t = 0; t < 2; ++t)
      others.emplace_back([&] {
        while (!stop) {
          // Nothing is written: another's seal may come first.
          (void)arena.allocate(1, 1);
          CHILD_ASSERT_TRUE(arena.seal());
          std::this_thread::yield();
        }
      });
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    for (int i = 0; i < 200 && std::chrono::steady_clock::now() < end; ++i) {
      pid_t child = fork();
      if (child == 0) {
        alarm(10);  // a lock that nobody will open
        int *number = arena.make<int>(i);
        SealedArena fresh(page, arena.info().engine);
        CHILD_ASSERT_TRUE(arena.seal());
        CHILD_ASSERT_TRUE(arena.is_sealed(*number));
        CHILD_ASSERT_EQ(*number, i);
        CHILD_ASSERT_NE(fresh.make<int>(i), nullptr);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      CHILD_ASSERT_EQ(status, 0);
    }
    stop = true;
    for (auto &other : others)
      other.join();
  });
}

TEST_P(Arena, holds_a_map_of_strings_that_nobody_can_change) {
  with_arena([](SealedArena &arena) {
    using Routes = std::pmr::map<int, std::pmr::string>;
    auto *routes = arena.make<Routes>(&arena);
    for (int port = 0; port < 1000; ++port)
      (*routes)[port] = "a string too long for the small buffer " +
                        std::pmr::string(std::to_string(port), &arena);
    CHILD_ASSERT_TRUE(arena.seal());
    CHILD_ASSERT_EQ(routes->at(443),
                    "a string too long for the small buffer 443");
    for (const auto &[port, name] : *routes) {
      CHILD_ASSERT_TRUE(arena.is_sealed(name));
      CHILD_ASSERT_TRUE(arena.is_sealed(*name.data()));
    }
  });
}

TEST_P(Arena, threads_that_build_at_once_get_separate_memory) {
  with_arena([](SealedArena &arena) {
    std::vector<std::thread> threads;
    std::vector<std::vector<std::size_t *>> made(4);
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 5000; ++i)
          made[t].push_back(arena.make<std::size_t>(t * 10000 + i));
      });
    for (auto &thread : threads)
      thread.join();
    CHILD_ASSERT_TRUE(arena.seal());
    for (std::size_t t = 0; t < 4; ++t)
      for (std::size_t i = 0; i < 5000; ++i)
        CHILD_ASSERT_EQ(*made[t][i], t * 10000 + i);
  });
}

TEST_P(Arena, a_second_arena_is_as_good_as_the_first) {
  with_arena([](SealedArena &first) {
    SealedArena second(0, GetParam());
    int *a = first.make<int>(1), *b = second.make<int>(2);
    CHILD_ASSERT_TRUE(first.seal());
    CHILD_ASSERT_FALSE(second.is_sealed(*b));
    *b = 3;  // control: sealing one does not seal the other
    CHILD_ASSERT_TRUE(second.seal());
    CHILD_ASSERT_EQ(*a, 1);
    CHILD_ASSERT_EQ(*b, 3);
  });
}

TEST_P(Arena, alignments_are_kept) {
  with_arena([](SealedArena &arena) {
    for (std::size_t alignment = 1; alignment <= 1 << 16; alignment *= 2) {
      auto at = reinterpret_cast<std::uintptr_t>(arena.allocate(3, alignment));
      CHILD_ASSERT_EQ(at % alignment, 0);
    }
  });
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
  EXPECT_EQ(mprotect(page_of(number), page, PROT_READ | PROT_WRITE), -1);
  EXPECT_EQ(filters_of_this_process(), before);
}

TEST(ArenaAfterExec, the_next_programs_arenas_need_no_further_filter) {
  if (filters_of_this_process() < 0)
    GTEST_SKIP() << "this kernel does not count filters (Linux 5.9)";
  in_child([] {
    SealedArena arena(0, MEMSEAL_ARENA_FILTER);
    CHILD_ASSERT_LE(2, filters_of_this_process());  // control: base and window
    execl("/proc/self/exe", "test_arena", "--gtest_also_run_disabled_tests",
          "--gtest_filter=ArenaAfterExec.DISABLED_*", "--gtest_brief=1",
          nullptr);
    CHILD_FAIL("the program cannot be executed");
  });
}

/// A filter of somebody else's: EPERM for the memory calls of the window, but
/// not for `left_open`.
bool install_foreign_filter(long left_open) {
  constexpr std::uint32_t first = 0x2000, last = 0x2fff;  // high words
  std::vector<sock_filter> code = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]) + 4),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  auto refuse = [&](long call, unsigned argument, auto... condition) {
    const sock_filter only[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 static_cast<std::uint32_t>(offsetof(seccomp_data, args[0]) +
                                            8 * argument)),
        condition..., BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    if (call == left_open)
      return;
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                            static_cast<std::uint32_t>(call), 0,
                            static_cast<std::uint8_t>(std::size(only))));
    code.insert(code.end(), std::begin(only), std::end(only));
  };
  for (long call : {SYS_madvise, SYS_mremap, SYS_munmap})
    refuse(call, 0);
  sock_filter skip_reading =
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_READ, 1, 0);
  refuse(SYS_mprotect, 2, skip_reading);
  sock_filter skip_hints =
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_FIXED, 0, 1);
  refuse(SYS_mmap, 3, skip_hints);
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(ArenaUnderAForeignFilter, is_guarded_unless_that_filter_guards_it_wholly) {
  for (long left_open :
       {SYS_mprotect, SYS_madvise, SYS_mremap, SYS_mmap, SYS_munmap}) {
    SCOPED_TRACE(left_open);
    in_child([left_open] {
      CHILD_ASSERT_TRUE(install_foreign_filter(left_open));
      SealedArena arena(0, MEMSEAL_ARENA_FILTER);
      auto *bytes = static_cast<char *>(arena.allocate(4 * page, page));
      CHILD_ASSERT_NE(bytes, nullptr);
      CHILD_ASSERT_TRUE(arena.seal());
      attack(bytes + page, twin_for_attack());
    });
  }
}

TEST_P(Arena, keeps_what_was_freed_lazily_or_kept_from_children_before) {
  EXPECT_EQ(
      with_arena([](SealedArena &arena) {
        auto *bytes = static_cast<char *>(arena.allocate(4 * page, page));
        std::memset(bytes, 'x', 4 * page);
        constexpr int advices[] = {MADV_FREE, MADV_DONTFORK, MADV_WIPEONFORK};
        for (int advice : advices) {
          // With a filter it is not even permitted.
          bool taken = madvise(bytes, 4 * page, advice) == 0;
          if (taken != (arena.info().engine == MEMSEAL_ARENA_NATIVE))
            return 1;
        }
        if (!arena.seal())
          return 2;
        constexpr int pageout = 21;  // MADV_PAGEOUT, Linux 5.4
        (void)madvise(bytes, 4 * page, pageout);
        pid_t child = fork();
        if (child == 0)
          _exit(bytes[0] == 'x' && bytes[3 * page] == 'x' ? 0 : 1);
        int status = 0;
        waitpid(child, &status, 0);
        return status == 0 && bytes[page] == 'x' ? 0 : 3;
      }),
      0);
}

/// What the kernel itself does where it maps from the bottom (setarch -L).
TEST(ArenaWindow, with_memory_of_others_in_it_is_not_guarded) {
  in_child([] {
    auto *inside = reinterpret_cast<char *>(std::uintptr_t{0x2aaa} << 32);
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    CHILD_ASSERT_EQ(mmap(inside, page, PROT_READ, flags, -1, 0), inside);
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_ERROR(memseal_arena_create(&arena, 0, MEMSEAL_ARENA_FILTER),
                       EOPNOTSUPP);
    CHILD_ASSERT_EQ(munmap(inside, page), 0);
    // Twin: without it there is an arena, and what came later is under its
    // filter. An arena of ours is no obstacle.
    memseal_arena *native = nullptr;
    if (mseal_is_there()) {
      CHILD_ASSERT_EQ(memseal_arena_create(&native, 0, MEMSEAL_ARENA_NATIVE),
                      0);
      CHILD_ASSERT_NE(memseal_arena_allocate(native, page, 1), nullptr);
    }
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 0, MEMSEAL_ARENA_FILTER), 0);
    CHILD_ASSERT_EQ(mmap(inside, page, PROT_READ, flags, -1, 0), inside);
    CHILD_ASSERT_ERROR(munmap(inside, page), EPERM);
  });
}

TEST(ArenaArguments, that_make_no_sense_are_refused) {
  memseal_arena *arena = nullptr;
  errno = 0;
  EXPECT_EQ(memseal_arena_create(&arena, std::size_t{9} << 40, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(memseal_arena_create(&arena, page, 7), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(arena, nullptr);
}

TEST_P(Arena, an_alignment_that_is_no_power_of_two_is_refused) {
  in_child([engine = GetParam()] {
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, page, engine), 0);
    for (std::size_t alignment : {0, 3, 4095}) {
      errno = 0;
      CHILD_ASSERT_EQ(memseal_arena_allocate(arena, 1, alignment), nullptr);
      CHILD_ASSERT_EQ(errno, EINVAL);
    }
    // Control.
    CHILD_ASSERT_NE(memseal_arena_allocate(arena, 1, 4), nullptr);
  });
}

}  // namespace
}  // namespace memseal::test
