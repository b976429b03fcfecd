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
  EXPECT_EQ(test::in_child([] {
              worker_count = 4;  // control: start-up may write
              limits.edit().connections = 100;
              if (ro_after_init_is_sealed())
                return 1;
              if (!seal_ro_after_init())
                return 2;
              if (!ro_after_init_is_sealed())
                return 3;
              const Limits &read = limits;
              return worker_count == 4 && read.connections == 100 &&
                             limits->seconds == 30 && large[0] == 'x'
                         ? 0
                         : 4;
            }),
            0);
}

TEST(RoAfterInit, a_write_after_the_seal_is_a_SIGSEGV_for_each_variable) {
  auto write_late = [](void (*write)()) {
    return test::in_child([write] {
      if (!seal_ro_after_init())
        return 1;
      write();
      return 2;
    });
  };
  EXPECT_EQ(write_late([] { worker_count = 2; }), 1000 + SIGSEGV);
  EXPECT_EQ(write_late([] { limits.edit().seconds = 2; }), 1000 + SIGSEGV);
  EXPECT_EQ(write_late([] { large[4999] = 'y'; }), 1000 + SIGSEGV);
}

TEST(RoAfterInit, what_is_not_in_the_section_stays_writable) {
  EXPECT_EQ(test::in_child([] {
              if (!seal_ro_after_init())
                return 1;
              // Everything else that lies near: data, bss, this test's own.
              static int neighbour = 1;
              ordinary = 2;
              neighbour = 2;
              return ordinary == 2 && neighbour == 2 ? 0 : 2;
            }),
            0);
}

TEST(RoAfterInit, the_seal_cannot_be_lifted) {
  EXPECT_EQ(test::in_child([] {
              auto *page = reinterpret_cast<void *>(
                  reinterpret_cast<std::uintptr_t>(&worker_count) &
                  ~std::uintptr_t{4095});
              // Control: before the seal the same call succeeds.
              if (mprotect(page, 4096, PROT_READ | PROT_WRITE) != 0)
                return 1;
              if (!seal_ro_after_init())
                return 2;
              errno = 0;
              if (mprotect(page, 4096, PROT_READ | PROT_WRITE) != -1 ||
                  errno != EPERM)
                return 3;
              return munmap(page, 4096) == -1 && errno == EPERM ? 0 : 4;
            }),
            0);
}

}  // namespace
}  // namespace memseal
