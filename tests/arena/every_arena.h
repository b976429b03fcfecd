// SPDX-License-Identifier: Apache-2.0
// Arenas of either engine as a test parameter, and what is tried against them.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>

#include "memseal/arena.h"
#include "support/in_child.h"

namespace memseal::test {

inline constexpr std::size_t page = 4096;

inline bool mseal_is_there() {
  return syscall(462, 0, 0, 0) == 0;
}

inline char *page_of(const void *address) {
  return reinterpret_cast<char *>(reinterpret_cast<std::uintptr_t>(address) &
                                  ~(page - 1));
}

inline std::size_t count_vmas_in(const memseal_arena_info &info) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  auto begin = reinterpret_cast<std::uintptr_t>(info.begin);
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t at = std::stoul(line, nullptr, 16);
    count += begin <= at && at < begin + info.reservation ? 1 : 0;
  }
  return count;
}

/// Every kind of call that would open, empty, move, replace or unmap two pages.
/// Each is EPERM at `sealed` and succeeds at `twin`, two pages of ordinary
/// read-only memory.
inline void attack(char *sealed, char *twin) {
  struct {
    const char *name;
    bool (*succeeds)(char *);
  } constexpr acts[] = {
      {"mprotect to rw",
       [](char *p) { return mprotect(p, page, PROT_READ | PROT_WRITE) == 0; }},
      {"mprotect to none",
       [](char *p) { return mprotect(p, page, PROT_NONE) == 0; }},
      {"pkey_mprotect",
       [](char *p) { return pkey_mprotect(p, page, PROT_WRITE, -1) == 0; }},
      {"MADV_DONTNEED",
       [](char *p) { return madvise(p, page, MADV_DONTNEED) == 0; }},
      {"MADV_DONTFORK",
       [](char *p) { return madvise(p, page, MADV_DONTFORK) == 0; }},
      {"mremap",
       [](char *p) { return mremap(p, 2 * page, page, 0) != MAP_FAILED; }},
      {"mmap over it",
       [](char *p) {
         return mmap(p, page, PROT_READ,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                     0) != MAP_FAILED;
       }},
      {"munmap", [](char *p) { return munmap(p, page) == 0; }},
  };
  for (const auto &act : acts) {
    if (!act.succeeds(twin))
      CHILD_FAIL(std::string("the control fails: ") + act.name);
    errno = 0;
    if (act.succeeds(sealed))
      CHILD_FAIL(std::string("succeeds on sealed pages: ") + act.name);
    CHILD_ASSERT_EQ(errno, EPERM);
  }
}

inline char *twin_for_attack() {
  void *twin =
      mmap(nullptr, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return twin == MAP_FAILED ? nullptr : static_cast<char *>(twin);
}

class EveryArena : public testing::TestWithParam<unsigned> {
protected:
  void SetUp() override {
    if (GetParam() == MEMSEAL_ARENA_NATIVE && !mseal_is_there())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
  /// Runs `body` with a fresh arena in a process of its own; the second form
  /// returns its outcome, as in_child does.
  void with_arena(void (*body)(SealedArena &), int seconds = 60) {
    auto run = [&] {
      SealedArena arena(MEMSEAL_ARENA_DEFAULT_RESERVATION, GetParam());
      body(arena);
    };
    in_child(run, seconds);
  }
  int with_arena(int (*body)(SealedArena &)) {
    return in_child([&] {
      SealedArena arena(MEMSEAL_ARENA_DEFAULT_RESERVATION, GetParam());
      return body(arena);
    });
  }
};

inline std::string arena_engine(const testing::TestParamInfo<unsigned> &info) {
  return info.param == MEMSEAL_ARENA_NATIVE ? "native" : "filter";
}

}  // namespace memseal::test

#define MEMSEAL_EVERY_ARENA(suite)                                          \
  class suite : public ::memseal::test::EveryArena {};                      \
  INSTANTIATE_TEST_SUITE_P(                                                 \
      , suite, testing::Values(MEMSEAL_ARENA_NATIVE, MEMSEAL_ARENA_FILTER), \
      ::memseal::test::arena_engine)
