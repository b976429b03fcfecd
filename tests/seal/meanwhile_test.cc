// SPDX-License-Identifier: Apache-2.0
// What becomes of a seal if the program itself changes the range while it is
// being sealed: between the look at the pages and the filter (seal/commit.h,
// step 8). A commit waits there for a thread that blocks memseal's signal,
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
  EXPECT_EQ(
      in_child([] {
        constexpr std::size_t many = 512;
        const std::size_t size = many * page;
        char *at = fresh_pages(many), *twin = fresh_pages(many);
        auto seal = [=](char *pages) {
          return [=] {
            return memseal(pages, size, MEMSEAL_MAPPING, MEMSEAL_FILTER);
          };
        };
        // Control: what happens to another range is no matter.
        if (with_act_meanwhile(seal(at), [=] { munmap(twin, size); }) != 0)
          return 1;
        if (!refused(munmap(at, size), EPERM))
          return 2;
        char *gone = fresh_pages(many);
        if (!refused(
                with_act_meanwhile(seal(gone), [=] { munmap(gone, size); }),
                ENOMEM))
          return 3;
        // The filter is on, and memseal says so (S-66).
        memseal_info info{};
        info.size = sizeof info;
        if (memseal_query(gone, &info) != 0 || info.types != MEMSEAL_MAPPING)
          return 4;
        return refused(munmap(gone, page), EPERM) ? 0 : 5;
      }),
      0);
}

TEST(AProtectionRaisedMeanwhile, IsNotReportedAsDowngradable) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1), *twin = fresh_pages(1);
              auto seal = [](char *pages) {
                return [=] {
                  return memseal(pages, page, MEMSEAL_MPROTECT,
                                 MEMSEAL_DOWNGRADABLE | MEMSEAL_FILTER);
                };
              };
              // Control: what leaves it lowerable is no matter.
              if (with_act_meanwhile(seal(twin), [=] {
                    mprotect(twin, page, PROT_READ);
                  }) != 0)
                return 1;
              constexpr int all = PROT_READ | PROT_WRITE | PROT_EXEC;
              return refused(with_act_meanwhile(
                                 seal(at), [=] { mprotect(at, page, all); }),
                             EBUSY)
                         ? 0
                         : 2;
            }),
            0);
}

TEST(AProtectionChangedMeanwhile, IsNotReportedAsTheOneAskedFor) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              auto outcome = with_act_meanwhile(
                  [=] {
                    return memseal_mprotect(at, page,
                                            PROT_READ | MEMSEAL_PROT_IMMUTABLE);
                  },
                  [=] { mprotect(at, page, PROT_READ | PROT_WRITE); });
              return refused(outcome, EBUSY) ? 0 : 1;
            }),
            0);
}

// memseal's own looks at the range are calls, too.
TEST(ACommitWhereViolationsKill, IsNoViolationItself) {
  EXPECT_EQ(in_child([] {
              set_on_violation(OnViolation::kill);
              char *at = fresh_pages(3);
              // Beside what is sealed, between what is, and on top of it.
              for (char *one : {at, at + 2 * page, at + page}) {
                if (memseal(one, page, MEMSEAL_MAPPING, MEMSEAL_FILTER) != 0)
                  return 1;
              }
              return memseal(at, 3 * page, MEMSEAL_ALL, MEMSEAL_FILTER);
            }),
            0);
  // Control: another call there does kill.
  EXPECT_EQ(in_child([] {
              set_on_violation(OnViolation::kill);
              char *at = fresh_pages(1);
              if (memseal(at, page, MEMSEAL_MAPPING, MEMSEAL_FILTER) != 0)
                return 1;
              munmap(at, page);
              return 2;
            }),
            1000 + SIGSYS);
}

}  // namespace
}  // namespace memseal::test
