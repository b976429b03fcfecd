// SPDX-License-Identifier: Apache-2.0
// The served call itself: its arguments, its errors, how many there may be.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "provide/served.h"
#include "support/in_child.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::test {
namespace {

class ServedCall : public testing::Test {
protected:
  void SetUp() override { setenv("MEMSEAL_PROVIDE", "always", 1); }
};

struct Case {
  const char *name;
  long offset;  ///< from a mapping of two pages with a hole behind
  std::size_t length;
  unsigned long flags;
  int error;
};

// Source: Linux 6.18, mm/mseal.c, do_mseal(): flags, alignment, length,
// wrapping, nothing to do, holes.
constexpr std::array<Case, 11> cases{{
    {"a flag", 0, page, 1, EINVAL},
    {"a flag and a bad address", 1, page, 1, EINVAL},
    {"a bad address", 1, page, 0, EINVAL},
    {"a bad address, no length", 1, 0, 0, EINVAL},
    {"a length that rounds to nothing", 0, ~0UL, 0, EINVAL},
    {"a range that wraps", 0, ~0UL - 2 * page + 1, 0, EINVAL},
    {"no length", 0, 0, 0, 0},
    {"no length, nothing mapped", 2 * page, 0, 0, 0},
    {"a hole behind", page, 2 * page, 0, ENOMEM},
    {"a hole before", -static_cast<long>(page), 2 * page, 0, ENOMEM},
    {"an unaligned length", 0, page + 1, 0, 0},
}};

/// Two pages with a hole on either side.
char *island() {
  char *at = map_pages(4, PROT_READ);
  munmap(at, page);
  munmap(at + 3 * page, page);
  return at + page;
}

TEST_F(ServedCall, judges_its_arguments_as_linux_6_18_does) {
  for (const Case &c : cases) {
    EXPECT_EQ(in_child([&c] {
                return error_of(mseal(island() + c.offset, c.length, c.flags));
              }),
              c.error)
        << c.name;
  }
}

TEST_F(ServedCall, answers_as_the_kernels_own_call_where_there_is_one) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "needs mseal(2): Linux 6.10";
  for (const Case &c : cases) {
    EXPECT_EQ(in_child([&c] {
                return sys::call(sys::nr_mseal, island() + c.offset, c.length,
                                 c.flags)
                    .error();
              }),
              c.error)
        << c.name;
  }
}

TEST_F(ServedCall, that_fails_seals_nothing) {
  EXPECT_EQ(in_child([] {
              char *at = island();
              if (error_of(mseal(at, 3 * page, 0)) != ENOMEM)
                return 1;
              return error_of(munmap(at, 2 * page));
            }),
            0);
}

TEST_F(ServedCall, by_number_is_served_too) {
  EXPECT_EQ(in_child([] {
              char *at = map_pages(1);
              if (syscall(462, at, page, 0) != 0)
                return 1;
              return error_of(munmap(at, page)) == EPERM ? 0 : 2;
            }),
            0);
}

TEST_F(ServedCall, of_zero_length_costs_nothing_and_starts_nothing) {
  EXPECT_EQ(in_child([] {
              if (mseal(nullptr, 0, 0) != 0)
                return 1;
              return status_number("Seccomp") == 0 ? 0 : 2;
            }),
            0);
}

TEST_F(ServedCall, by_the_bare_instruction_is_the_kernels_to_answer) {
  EXPECT_EQ(in_child([] {
              char *at = map_pages(1);
              if (mseal(map_pages(1), page, 0) != 0)
                return 1;
              int answer = sys::call(sys::nr_mseal, at, page, 0).error();
              if (answer != 0 && answer != ENOSYS)
                return 2;
              // Sealed if there is mseal(2), and only then.
              int left = error_of(munmap(at, page));
              return left == (answer == 0 ? EPERM : 0) ? 0 : 3;
            }),
            0);
}

TEST_F(ServedCall, may_be_repeated_on_what_is_sealed) {
  EXPECT_EQ(in_child([] {
              char *at = map_pages(2);
              if (mseal(at, page, 0) != 0 || mseal(at, page, 0) != 0)
                return 1;
              return mseal(at, 2 * page, 0) == 0 ? 0 : 2;
            }),
            0);
}

TEST_F(ServedCall, two_thousand_times_takes_one_filter) {
  EXPECT_EQ(in_child([] {
              constexpr int count = 2000;
              char *at = map_pages(2 * count);
              for (int i = 0; i < count; ++i) {
                if (mseal(at + 2 * i * page, page, 0) != 0)
                  return 1;
              }
              // Told since Linux 5.9.
              if (status_number("Seccomp_filters") != 1)
                return 2;
              for (int i = 0; i < count; i += 97) {
                if (error_of(munmap(at + 2 * i * page, page)) != EPERM)
                  return 3;
                if (munmap(at + (2 * i + 1) * page, page) != 0)
                  return 4;  // twin: the pages between are free
              }
              return 0;
            }),
            0);
}

TEST_F(ServedCall, past_the_kernels_mappings_is_enomem_and_seals_nothing) {
  EXPECT_EQ(in_child([] {
              char *target = map_pages(3, PROT_READ);
              if (mseal(map_pages(1), page, 0) != 0)
                return 1;
              // Every second page different makes a mapping each; the kernel
              // takes vm.max_map_count of them, 65,530 unless told otherwise.
              constexpr std::size_t most = 100000;
              char *many = map_pages(2 * most, PROT_READ);
              std::size_t i = 0;
              while (i < most &&
                     madvise(many + 2 * i * page, page, MADV_DONTDUMP) == 0)
                ++i;
              if (i == most)
                return 2;
              if (error_of(mseal(target + page, page, 0)) != ENOMEM)
                return 3;
              return error_of(munmap(target, 3 * page));
            }),
            0);
}

TEST_F(ServedCall, leaves_no_child_for_wait_to_find) {
  EXPECT_EQ(in_child([] {
              if (mseal(map_pages(1), page, 0) != 0)
                return 1;
              return waitpid(-1, nullptr, __WALL) == -1 && errno == ECHILD ? 0
                                                                           : 2;
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
