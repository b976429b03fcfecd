// SPDX-License-Identifier: Apache-2.0
// S-64: what a filter costs a process without privileges, and when.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>

#include "seal/companion.h"
#include "seal/support.h"

namespace memseal::test {
namespace {

/// Gives up what lets a process install filters without no_new_privs.
void drop_privileges() {
  constexpr uid_t nobody = 65534;
  if (getuid() == 0)
    CHILD_ASSERT_EQ(setresuid(nobody, nobody, nobody), 0);
  CHILD_ASSERT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

TEST(NoNewPrivs, ComesWithAFilterAndNotWithARefusal) {
  in_child([] {
    drop_privileges();
    char *at = fresh_pages(1);
    std::atomic<int> others{-1};
    Companion bystander(
        [] {}, [&] { others = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); });
    Companion diverged([] {
      sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
      sock_fprog program = {1, &allow};
      CHILD_ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
      CHILD_ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    });
    CHILD_ASSERT_ERROR(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER),
                       EBUSY);
    CHILD_ASSERT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    bystander.finish();
    CHILD_ASSERT_EQ(others.load(), 0);
    diverged.finish();
    // The control: granted, it comes, to every thread.
    Companion listener(
        [] {}, [&] { others = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); });
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    listener.finish();
    CHILD_ASSERT_EQ(others.load(), 1);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

TEST(NoNewPrivs, IsNotSetWhenTheKernelTakesNoMoreFilters) {
  in_child([] {
    while (memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) == 0) {
    }
    CHILD_ASSERT_EQ(errno, E2BIG);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
      CHILD_SKIP("filters need no_new_privs from the start (no CAP_SYS_ADMIN)");
    drop_privileges();
    CHILD_ASSERT_ERROR(
        memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, MEMSEAL_FILTER), E2BIG);
    CHILD_ASSERT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
  });
}

TEST(NoNewPrivs, IsSetAlsoWhereThereMayBeNoFurtherThread) {
  in_child([] {
    drop_privileges();
    rlimit none{0, 0};
    CHILD_ASSERT_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

}  // namespace
}  // namespace memseal::test
