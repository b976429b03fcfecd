// SPDX-License-Identifier: Apache-2.0
// Globals that are written during start-up and never again.
#include "memseal/ro_after_init.h"

#include <gtest/gtest.h>
#include <signal.h>

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
