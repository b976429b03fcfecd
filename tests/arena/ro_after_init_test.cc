// SPDX-License-Identifier: Apache-2.0
// Globals that are written during start-up and never again.
#include "memseal/ro_after_init.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <string>

#include "support/in_child.h"

namespace memseal {
namespace {

struct Limits {
  int connections = 8;
  int seconds = 30;
};

MEMSEAL_RO_AFTER_INIT int worker_count = 1;
MEMSEAL_RO_AFTER_INIT ro_after_init<Limits> limits;
MEMSEAL_RO_AFTER_INIT char large[5000] = "x";
ro_after_init_page<Limits> paged;
int ordinary = 1;

TEST(RoAfterInit, variables_are_writable_until_sealed_and_keep_their_values) {
  test::in_child([] {
    worker_count = 4;  // control: start-up may write
    limits.edit().connections = 100;
    CHILD_ASSERT_FALSE(ro_after_init_is_sealed());
    CHILD_ASSERT_TRUE(seal_ro_after_init());
    CHILD_ASSERT_TRUE(ro_after_init_is_sealed());
    const Limits &read = limits;
    CHILD_ASSERT_EQ(worker_count, 4);
    CHILD_ASSERT_EQ(read.connections, 100);
    CHILD_ASSERT_EQ(limits->seconds, 30);
    CHILD_ASSERT_EQ(large[0], 'x');
  });
}

TEST(RoAfterInit, a_write_after_the_seal_is_a_SIGSEGV_for_each_variable) {
  auto write_late = [](void (*write)()) {
    return test::in_child([write] {
      CHILD_ASSERT_TRUE(seal_ro_after_init());
      write();
      return 0;
    });
  };
  EXPECT_EQ(write_late([] { worker_count = 2; }), 1000 + SIGSEGV);
  EXPECT_EQ(write_late([] { limits.edit().seconds = 2; }), 1000 + SIGSEGV);
  EXPECT_EQ(write_late([] { large[4999] = 'y'; }), 1000 + SIGSEGV);
}

TEST(RoAfterInit, what_is_not_in_the_section_stays_writable) {
  test::in_child([] {
    CHILD_ASSERT_TRUE(seal_ro_after_init());
    // Everything else that lies near: data, bss, this test's own.
    static int neighbour = 1;
    ordinary = 2;
    neighbour = 2;
    CHILD_ASSERT_EQ(ordinary, 2);
    CHILD_ASSERT_EQ(neighbour, 2);
  });
}

// S-14: what is held already is no error.
TEST(RoAfterInit, sealing_twice_succeeds_and_changes_nothing) {
  test::in_child([] {
    CHILD_ASSERT_TRUE(seal_ro_after_init());
    CHILD_ASSERT_TRUE(seal_ro_after_init());
    CHILD_ASSERT_EQ(memseal_seal_ro_after_init(), 0);
    CHILD_ASSERT_TRUE(ro_after_init_is_sealed());
  });
}

TEST(RoAfterInit, each_variable_can_be_asked_for_and_is_told_truly) {
  test::in_child([] {
    CHILD_ASSERT_FALSE(ro_after_init_is_sealed(worker_count));
    CHILD_ASSERT_TRUE(seal_ro_after_init(worker_count, limits, large, paged));
    CHILD_ASSERT_TRUE(ro_after_init_is_sealed(worker_count));
    CHILD_ASSERT_TRUE(ro_after_init_is_sealed(limits, large, paged));
    CHILD_ASSERT_FALSE(ro_after_init_is_sealed(ordinary));
    CHILD_ASSERT_FALSE(ro_after_init_is_sealed(worker_count, ordinary));
    CHILD_ASSERT_TRUE(memseal_ro_after_init_is_sealed(worker_count));
    CHILD_ASSERT_FALSE(memseal_ro_after_init_is_sealed(ordinary));
  });
}

TEST(RoAfterInit, a_variable_that_no_seal_reaches_is_an_error) {
  test::in_child([] {
    auto done = seal_ro_after_init(worker_count, ordinary);
    CHILD_ASSERT_TRUE(done.error().code == Errc::misplaced);
    CHILD_ASSERT_FALSE(ro_after_init_is_sealed());
    worker_count = 5;  // nothing is sealed
  });
  test::in_child([] {
    static ro_after_init<int> without_the_macro;
    without_the_macro.edit() = 2;
    CHILD_ASSERT_TRUE(seal_ro_after_init().error().code == Errc::misplaced);
    worker_count = 5;
  });
}

TEST(RoAfterInit, a_variable_with_a_page_of_its_own_is_sealed_too) {
  EXPECT_EQ(test::in_child([] {
              paged.edit().seconds = 5;  // control
              CHILD_ASSERT_TRUE(seal_ro_after_init());
              CHILD_ASSERT_EQ(paged->seconds, 5);
              paged.edit().seconds = 6;
              return 0;
            }),
            1000 + SIGSEGV);
}

TEST(RoAfterInit, ranges_that_are_no_whole_pages_or_none_are_refused) {
  test::in_child([] {
    memseal_range range = {&ordinary, sizeof ordinary, 0, 0};
    CHILD_ASSERT_ERROR(memseal_seal_variables(&range, 1, 0), EADDRINUSE);
    range.len = 0;
    CHILD_ASSERT_ERROR(memseal_seal_variables(&range, 1, 0), ENODATA);
    CHILD_ASSERT_ERROR(memseal_seal_variables(&range, 0, 0), ENODATA);
    CHILD_ASSERT_ERROR(memseal_seal_variables(&range, 1, 1), EINVAL);
    ordinary = 2;
  });
}

TEST(RoAfterInit, memory_is_sealed_only_if_it_is_read_only_and_immutable) {
  test::in_child([] {
    void *page = mmap(nullptr, 8192, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_ASSERT_FALSE(memseal_is_sealed(page, 4096));
    CHILD_ASSERT_EQ(mprotect(page, 4096, PROT_READ), 0);
    CHILD_ASSERT_FALSE(memseal_is_sealed(page, 4096));  // read-only, no seal
    CHILD_ASSERT_EQ(memseal::memseal(page, 8192, MEMSEAL_ALL, 0), 0);
    CHILD_ASSERT_TRUE(memseal_is_sealed(page, 4096));
    CHILD_ASSERT_TRUE(memseal_is_sealed(static_cast<char *>(page) + 7, 1));
    CHILD_ASSERT_FALSE(memseal_is_sealed(page, 4097));  // that one is writable
    CHILD_ASSERT_FALSE(memseal_is_sealed(page, 0));
  });
}

TEST(RoAfterInit, the_seal_cannot_be_lifted) {
  test::in_child([] {
    auto *page = reinterpret_cast<void *>(
        reinterpret_cast<std::uintptr_t>(&worker_count) &
        ~std::uintptr_t{4095});
    // Control: before the seal the same call succeeds.
    CHILD_ASSERT_EQ(mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
    CHILD_ASSERT_TRUE(seal_ro_after_init());
    errno = 0;
    CHILD_ASSERT_ERROR(mprotect(page, 4096, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_ERROR(munmap(page, 4096), EPERM);
  });
}

}  // namespace
}  // namespace memseal
