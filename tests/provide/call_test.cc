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
  in_child([] {
    char *at = island();
    CHILD_ASSERT_EQ(error_of(mseal(at, 3 * page, 0)), ENOMEM);
    CHILD_ASSERT_EQ(error_of(munmap(at, 2 * page)), 0);
  });
}

TEST_F(ServedCall, by_number_is_served_too) {
  in_child([] {
    char *at = map_pages(1);
    CHILD_ASSERT_EQ(syscall(462, at, page, 0), 0);
    CHILD_ASSERT_EQ(error_of(munmap(at, page)), EPERM);
  });
}

TEST_F(ServedCall, of_zero_length_costs_nothing_and_starts_nothing) {
  in_child([] {
    CHILD_ASSERT_EQ(mseal(nullptr, 0, 0), 0);
    CHILD_ASSERT_EQ(status_number("Seccomp"), 0);
  });
}

TEST_F(ServedCall, by_the_bare_instruction_is_the_kernels_to_answer) {
  in_child([] {
    char *at = map_pages(1);
    CHILD_ASSERT_EQ(mseal(map_pages(1), page, 0), 0);
    int answer = sys::call(sys::nr_mseal, at, page, 0).error();
    CHILD_ASSERT_FALSE(answer != 0 && answer != ENOSYS);
    // Sealed if there is mseal(2), and only then.
    int left = error_of(munmap(at, page));
    CHILD_ASSERT_EQ(left, (answer == 0 ? EPERM : 0));
  });
}

TEST_F(ServedCall, may_be_repeated_on_what_is_sealed) {
  in_child([] {
    char *at = map_pages(2);
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    CHILD_ASSERT_EQ(mseal(at, 2 * page, 0), 0);
  });
}

TEST_F(ServedCall, two_thousand_times_takes_one_filter) {
  in_child([] {
    constexpr int count = 2000;
    char *at = map_pages(2 * count);
    for (int i = 0; i < count; ++i) {
      CHILD_ASSERT_EQ(mseal(at + 2 * i * page, page, 0), 0);
    }
    // Told since Linux 5.9.
    CHILD_ASSERT_EQ(status_number("Seccomp_filters"), 1);
    for (int i = 0; i < count; i += 97) {
      CHILD_ASSERT_EQ(error_of(munmap(at + 2 * i * page, page)), EPERM);
      CHILD_ASSERT_EQ(munmap(at + (2 * i + 1) * page, page),
                      0);  // twin: the pages between are free
    }
  });
}

TEST_F(ServedCall, splits_no_mapping) {
  in_child([] {
    char *target = map_pages(3, PROT_READ);
    CHILD_ASSERT_EQ(mseal(map_pages(1), page, 0), 0);
    // Every second page different makes a mapping each; the kernel
    // takes vm.max_map_count of them, 65,530 unless told otherwise.
    constexpr std::size_t most = 100000;
    char *many = map_pages(2 * most, PROT_READ);
    std::size_t i = 0;
    while (i < most && madvise(many + 2 * i * page, page, MADV_DONTDUMP) == 0)
      ++i;
    CHILD_ASSERT_NE(i, most);
    CHILD_ASSERT_EQ(mseal(target + page, page, 0), 0);
    CHILD_ASSERT_EQ(error_of(munmap(target, 3 * page)), EPERM);
  });
}

// A huge page is moved as a whole.
TEST_F(ServedCall, takes_no_part_of_a_huge_page) {
  in_child([] {
    constexpr std::size_t huge = std::size_t{2} << 20;
    // Never touched, so that none need exist.
    void *at =
        mmap(nullptr, 2 * huge, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
      CHILD_SKIP("this kernel has no huge pages (CONFIG_HUGETLBFS)");
    char *pages = static_cast<char *>(at);
    CHILD_ASSERT_EQ(error_of(mseal(pages, page, 0)), EINVAL);
    CHILD_ASSERT_EQ(error_of(mseal(pages + page, huge - page, 0)), EINVAL);
    CHILD_ASSERT_EQ(error_of(munmap(pages, huge)), 0);  // nothing is sealed
    CHILD_ASSERT_EQ(mseal(pages + huge, huge, 0), 0);
    CHILD_ASSERT_EQ(error_of(munmap(pages + huge, huge)), EPERM);
  });
}

// As in a program with much locked: the kernel answers as for huge pages.
TEST_F(ServedCall, takes_locked_memory) {
  in_child([] {
    char *at = map_pages(3);
    CHILD_ASSERT_EQ(mlock(at, 3 * page), 0);
    CHILD_ASSERT_EQ(mseal(at + page, page, 0), 0);
    CHILD_ASSERT_EQ(error_of(munmap(at, 3 * page)), EPERM);
  });
}

TEST_F(ServedCall, leaves_no_child_for_wait_to_find) {
  in_child([] {
    CHILD_ASSERT_EQ(mseal(map_pages(1), page, 0), 0);
    CHILD_ASSERT_ERROR(waitpid(-1, nullptr, __WALL), ECHILD);
  });
}

}  // namespace
}  // namespace memseal::test
