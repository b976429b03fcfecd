// SPDX-License-Identifier: Apache-2.0
// What becomes of a seal if the program itself changes the range while it is
// being sealed: between the look at the pages and the filter (seal/commit.h,
// step 9). A commit waits there for a thread that blocks memseal's signal,
// which makes the moment long enough to aim at.
#include <signal.h>

#include <atomic>
#include <thread>

#include "seal/on_violation.h"
#include "seal/support.h"

namespace memseal::test {
namespace {

/// Seals in this thread while another one acts.
template <typename Seal, typename Act>
int with_act_meanwhile(Seal seal, Act act) {
  std::atomic<bool> blocked{false}, sealed{false};
  std::thread other([&] {
    block_raw(SIG_BLOCK);
    blocked = true;
    usleep(60'000);
    act();
    block_raw(SIG_UNBLOCK);
    while (!sealed)
      usleep(100);
  });
  while (!blocked)
    usleep(100);
  int outcome = seal();
  int error = errno;
  sealed = true;
  other.join();
  errno = error;
  return outcome;
}

// More pages than the commit itself maps: its own memory may lie in the hole.
TEST(ARangeUnmappedMeanwhile, IsReportedAsAHoleAndItsAddressesAreGuarded) {
  in_child([] {
    constexpr std::size_t many = 512;
    const std::size_t size = many * page;
    char *at = fresh_pages(many), *twin = fresh_pages(many);
    auto seal = [=](char *pages) {
      return
          [=] { return memseal(pages, size, MEMSEAL_MAPPING, MEMSEAL_FILTER); };
    };
    // Control: what happens to another range is no matter.
    CHILD_ASSERT_EQ(with_act_meanwhile(seal(at), [=] { munmap(twin, size); }),
                    0);
    CHILD_ASSERT_ERROR(munmap(at, size), EPERM);
    char *gone = fresh_pages(many);
    CHILD_ASSERT_ERROR(
        with_act_meanwhile(seal(gone), [=] { munmap(gone, size); }), ENOMEM);
    // The filter is on, and memseal says so (S-66).
    memseal_info info{};
    info.size = sizeof info;
    CHILD_ASSERT_EQ(memseal_query(gone, &info), 0);
    CHILD_ASSERT_EQ(info.types, MEMSEAL_MAPPING);
    CHILD_ASSERT_ERROR(munmap(gone, page), EPERM);
  });
}

TEST(AProtectionRaisedMeanwhile, IsNotReportedAsDowngradable) {
  in_child([] {
    char *at = fresh_pages(1), *twin = fresh_pages(1);
    auto seal = [](char *pages) {
      return [=] {
        return memseal(pages, page, MEMSEAL_MPROTECT,
                       MEMSEAL_DOWNGRADABLE | MEMSEAL_FILTER);
      };
    };
    // Control: what leaves it lowerable is no matter.
    CHILD_ASSERT_EQ(with_act_meanwhile(
                        seal(twin), [=] { mprotect(twin, page, PROT_READ); }),
                    0);
    constexpr int all = PROT_READ | PROT_WRITE | PROT_EXEC;
    CHILD_ASSERT_ERROR(
        with_act_meanwhile(seal(at), [=] { mprotect(at, page, all); }), EBUSY);
  });
}

TEST(AProtectionChangedMeanwhile, IsTheOneAskedForInTheEnd) {
  in_child([] {
    char *at = fresh_pages(1);
    *at = 'x';
    CHILD_ASSERT_EQ(with_act_meanwhile(
                        [=] {
                          return memseal_mprotect(
                              at, page, PROT_NONE | MEMSEAL_PROT_IMMUTABLE);
                        },
                        [=] { mprotect(at, page, PROT_READ | PROT_WRITE); }),
                    0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM);
    int pipes[2];
    CHILD_ASSERT_EQ(pipe(pipes), 0);
    CHILD_ASSERT_ERROR(write(pipes[1], at, 1), EFAULT);
  });
}

// memseal's own looks at the range are calls, too.
TEST(ACommitWhereViolationsKill, IsNoViolationItself) {
  in_child([] {
    set_on_violation(OnViolation::kill);
    char *at = fresh_pages(3);
    // Beside what is sealed, between what is, and on top of it.
    for (char *one : {at, at + 2 * page, at + page}) {
      CHILD_ASSERT_EQ(memseal(one, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
    }
    CHILD_ASSERT_EQ(memseal(at, 3 * page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
  });
  // Control: another call there does kill.
  EXPECT_EQ(in_child([] {
              set_on_violation(OnViolation::kill);
              char *at = fresh_pages(1);
              CHILD_ASSERT_EQ(
                  memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
              munmap(at, page);
              return 2;
            }),
            1000 + SIGSYS);
}

}  // namespace
}  // namespace memseal::test
