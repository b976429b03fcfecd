// SPDX-License-Identifier: Apache-2.0
// S-62: what is sealed by several calls where one could go astray.
#include "seal/unsealed_runs.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "seal/support.h"
#include "sys/syscall.h"

namespace memseal::test {
namespace {

/// From here on mseal(2) over so many bytes is EPERM: one call over all of it.
void forbid_mseal_of(std::size_t size) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sys::nr_mseal, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(size), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog all{sizeof program / sizeof program[0], program};
  CHILD_ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  CHILD_ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all), 0);
}

PageRange range(char *at, std::size_t pages) {
  return *PageRange::create(reinterpret_cast<Address>(at), pages * page, page);
}

class UnsealedRuns : public testing::Test {
protected:
  void SetUp() override {
    if (!sys::has_mseal())
      GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  }
};

TEST_F(UnsealedRuns, are_sealed_one_by_one_and_nothing_else_is) {
  in_child([] {
    char *at = fresh_pages(8);
    for (int i : {2, 4})
      CHILD_ASSERT_TRUE(sys::mseal(range(at + i * page, 1)).has_value());
    // A run of two mappings.
    CHILD_ASSERT_EQ(mprotect(at + 6 * page, page, PROT_READ), 0);
    forbid_mseal_of(6 * page);
    CHILD_ASSERT_FALSE(sys::mseal(range(at + page, 6)).has_value());
    CHILD_ASSERT_TRUE(seal_run_by_run(range(at + page, 6)).has_value());
    for (int i = 1; i < 7; ++i) {
      CHILD_ASSERT_ERROR(munmap(at + i * page, page), EPERM);
    }
    for (int i : {0, 7}) {
      CHILD_ASSERT_EQ(munmap(at + i * page, page), 0);
    }
  });
}

TEST_F(UnsealedRuns, are_not_sealed_if_there_is_a_hole) {
  in_child([] {
    char *at = fresh_pages(5);
    CHILD_ASSERT_TRUE(sys::mseal(range(at + page, 1)).has_value());
    CHILD_ASSERT_EQ(munmap(at + 3 * page, page), 0);
    auto sealed = seal_run_by_run(range(at, 5));
    CHILD_ASSERT_TRUE(!sealed && sealed.error().code == Errc::hole);
    for (int i : {0, 2, 4}) {
      CHILD_ASSERT_EQ(munmap(at + i * page, page), 0);
    }
  });
}

TEST_F(UnsealedRuns, may_be_none) {
  in_child([] {
    char *at = fresh_pages(2);
    CHILD_ASSERT_TRUE(sys::mseal(range(at, 2)).has_value());
    CHILD_ASSERT_TRUE(seal_run_by_run(range(at, 2)).has_value());
  });
}

}  // namespace
}  // namespace memseal::test
