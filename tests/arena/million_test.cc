// SPDX-License-Identifier: Apache-2.0
// A million objects, each sealed by a call of its own: ./dev test-long.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include "arena/every_arena.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ARENA(DISABLED_Million);

constexpr std::size_t objects = 1'000'000;

std::size_t available_bytes() {
  std::ifstream lines("/proc/meminfo");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("MemAvailable:"))
      return std::stoul(line.substr(13)) * 1024;
  return 0;
}

TEST_P(DISABLED_Million,
       page_sized_objects_are_sealed_in_a_handful_of_mappings) {
  if (available_bytes() < objects * page + (std::size_t{1} << 30))
    GTEST_SKIP() << "not 5 GiB of memory to be had";
  with_arena(
      [](SealedArena &arena) {
        char *first = nullptr;
        for (std::size_t i = 0; i < objects; ++i) {
          auto *object = static_cast<char *>(arena.allocate(page, page));
          first = i == 0 ? object : first;
          std::memcpy(object, &i, sizeof i);
          CHILD_ASSERT_TRUE(arena.seal());
        }
        auto info = arena.info();
        CHILD_ASSERT_EQ(info.sealed, objects * page);
        CHILD_ASSERT_EQ(info.open, 0);
        CHILD_ASSERT_LE(count_vmas_in(info), 3);
        // Each attack at a thousand places, the ends among them.
        for (std::size_t i = 0; i < objects; i += 1001) {
          char *twin = twin_for_attack();
          std::size_t at = std::min(i, objects - 2);
          attack(first + at * page, twin);
        }
        attack(first + (objects - 2) * page, twin_for_attack());
        for (std::size_t i = 0; i < objects; ++i) {
          CHILD_ASSERT_EQ(std::memcmp(first + i * page, &i, sizeof i), 0);
        }
      },
      300);
}

TEST_P(DISABLED_Million, small_objects_go_on_after_each_others_seals) {
  with_arena(
      [](SealedArena &arena) {
        // A hundred to a seal: what a busy program would do.
        for (std::size_t i = 0; i < objects; ++i) {
          arena.make<std::size_t>(i);
          CHILD_ASSERT_FALSE(i % 100 == 99 && !arena.seal());
        }
        auto info = arena.info();
        const auto *words = static_cast<const char *>(info.begin);
        for (std::size_t i = 0; i < objects; ++i) {
          const char *at = words + i / 100 * page + i % 100 * sizeof i;
          CHILD_ASSERT_EQ(std::memcmp(at, &i, sizeof i), 0);
        }
        CHILD_ASSERT_EQ(info.open, 0);
        CHILD_ASSERT_LE(count_vmas_in(info), 3);
      },
      300);
}

}  // namespace
}  // namespace memseal::test
