// SPDX-License-Identifier: Apache-2.0
// The race that the in-flight barrier closes (S-71), shown with and without it.
//
// One thread is about to call mprotect on a page, another seals the page. When
// memseal has returned, either the call has happened, or it never will: the
// protection must not change any more. A third thread holds the lock of the
// address space most of the time, by reprotecting a large area, so that a call
// which has passed its filter waits long for what it wants to do.
//
// This file is built twice. MEMSEAL_BARRIER says whether the program has
// seal/barrier.cc in it or the stand-in of without_barrier.cc; memseal itself
// has no such switch.
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "seal/support.h"
#include "sys/maps_reader.h"
#include "sys/named_memory.h"

namespace memseal::test {
namespace {

// One seal a round is one filter: the kernel has room for some forty.
constexpr int rounds_a_child = 25;

bool is_writable(const char *at) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  auto address = reinterpret_cast<Address>(at);
  while (auto mapping = maps.next()) {
    if (!*mapping)
      break;
    if ((*mapping)->range.contains(address))
      return (*mapping)->protection.writable();
  }
  std::abort();
}

void spin_until(std::uint64_t microseconds) {
  while (sys::now_microseconds() < microseconds) {
  }
}

/// Whether the protection changed after the seal was there.
bool seal_is_broken(unsigned &seed) {
  char *at = fresh_pages(1);
  // Filled before, so that the third thread cannot delay it.
  std::memset(at, 1, page);
  std::uint64_t start = sys::now_microseconds() + 300;
  auto delay = static_cast<std::uint64_t>(rand_r(&seed) % 400);
  std::thread attacker([=] {
    spin_until(start + delay);
    mprotect(at, page, PROT_READ);
  });
  spin_until(start);
  bool sealed = memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_FILTER) == 0;
  bool before = is_writable(at);
  attacker.join();
  bool after = is_writable(at);
  CHILD_ASSERT_TRUE(sealed);
  return before != after;
}

int count_broken(int children) {
  int broken = 0;
  for (int i = 0; i < children; ++i) {
    int outcome = in_child([i] {
      constexpr std::size_t large = 4096;
      char *area = fresh_pages(large);
      std::memset(area, 1, large * page);
      std::atomic<bool> end{false};
      std::thread contender([&] {
        while (!end) {
          mprotect(area, large * page, PROT_READ);
          mprotect(area, large * page, PROT_READ | PROT_WRITE);
        }
      });
      unsigned seed = static_cast<unsigned>(getpid() + i);
      int found = 0;
      for (int round = 0; round < rounds_a_child; ++round)
        found += seal_is_broken(seed);
      end = true;
      contender.join();
      return found;
    });
    EXPECT_LE(outcome, rounds_a_child);
    broken += outcome;
    if (!MEMSEAL_BARRIER && broken > 0)
      break;  // shown
  }
  return broken;
}

int children() {
  const char *wanted = std::getenv("MEMSEAL_RACE_CHILDREN");
  return wanted == nullptr ? (MEMSEAL_BARRIER ? 12 : 200) : std::atoi(wanted);
}

#if MEMSEAL_BARRIER
TEST(ACallInFlight, CannotBreakASealThatHasReturned) {
  EXPECT_EQ(count_broken(children()), 0);
}
#else
TEST(ACallInFlight, BreaksSealsWhereThereIsNoBarrier) {
  int broken = count_broken(children());
  RecordProperty("broken", broken);
  EXPECT_GT(broken, 0) << "the race did not show: the other half of this test "
                          "proves nothing on this machine";
}
#endif

}  // namespace
}  // namespace memseal::test
