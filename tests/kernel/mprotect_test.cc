// SPDX-License-Identifier: Apache-2.0
// S-30, S-31: mprotect and pkey_mprotect.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support/keys.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Mprotect);

TEST_P(Mprotect, IsRefusedWhateverTheNewProtection) {
  for (int to : {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                 PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC}) {
    SCOPED_TRACE(to);
    EXPECT_TRUE(refused(
        attempt({GetParam()},
                [to](const Area &a) { return mprotect(a.at(1), page, to); }),
        EPERM));
  }
}

TEST_P(Mprotect, IsRefusedOnEveryKindOfMemory) {
  for (Memory memory :
       {Memory::anonymous_rw, Memory::anonymous_r, Memory::relro, Memory::text,
        Memory::private_rw, Memory::shared_rw, Memory::shared_r}) {
    SCOPED_TRACE(name(memory));
    EXPECT_TRUE(refused(attempt({GetParam(), memory},
                                [](const Area &a) {
                                  return mprotect(a.at(1), page, PROT_NONE);
                                }),
                        EPERM));
  }
}

TEST_P(Mprotect, OfARangeThatBeginsInTheSealedPageChangesNothing) {
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return mprotect(a.at(1), 3 * page, PROT_READ);
                              }),
                      EPERM));
}

TEST_P(Mprotect, OfAMixedRangeIsAtomicWithAFilterAndPartialWithout) {  // S-62
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return mprotect(a.at(0), 3 * page, PROT_READ);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control, 0);
  EXPECT_EQ(trial.answer, -1);
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_EQ(trial.maps_same, filtered());
}

TEST_P(Mprotect, JustBesideTheSealedPageIsAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &a) {
    if (mprotect(a.at(0), page, PROT_READ) != 0)
      return -1;
    return mprotect(a.at(2), page, PROT_READ);
  })));
}

TEST_P(Mprotect, OneByteReachesIntoThePage) {  // S-29
  EXPECT_TRUE(refused(
      attempt({GetParam()},
              [](const Area &a) { return mprotect(a.at(1), 1, PROT_READ); }),
      EPERM));
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return mprotect(a.at(0), page + 1, PROT_READ);
  });
  EXPECT_EQ(trial.control, 0);
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_EQ(trial.maps_same, filtered());
}

TEST_P(Mprotect, OfLengthZeroTouchesNothing) {  // S-29
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &a) {
    return mprotect(a.at(1), 0, PROT_NONE);
  })));
}

TEST_P(Mprotect, OfALengthThatWrapsChangesNothing) {  // S-29
  for (std::size_t size : {~std::size_t{0}, ~std::size_t{0} - page + 1}) {
    Trial trial = attempt({GetParam()}, [size](const Area &a) {
      return mprotect(a.at(1), size, PROT_NONE);
    });
    ASSERT_TRUE(completed(trial));
    EXPECT_EQ(trial.control_error, ENOMEM);
    EXPECT_EQ(trial.answer, -1);
    EXPECT_TRUE(trial.error == ENOMEM || (filtered() && trial.error == EPERM))
        << trial.error;
    EXPECT_TRUE(trial.maps_same);
  }
}

TEST_P(Mprotect, OfARangeThatRunsOnForTerabytesIsJudgedWhole) {
  // Ends at a hole (ENOMEM), after having changed what came before it.
  Trial trial = attempt(
      {GetParam(), Memory::anonymous_rw, every_type, 0, Level::compatible,
       [](const Area &a) { munmap(a.at(4), 4 * page); }},
      [](const Area &a) {
        return mprotect(a.at(1), std::size_t{1} << 45, PROT_NONE);
      });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, ENOMEM);
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_TRUE(trial.maps_same);
}

TEST_P(Mprotect, WithAKeyIsRefusedLikeWithout) {
  if (!has_keys())
    GTEST_SKIP() << "this kernel has no pkey_mprotect (arm64: Linux 6.12)";
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return syscall(SYS_pkey_mprotect, a.at(1), page,
                                               PROT_READ, -1);
                              }),
                      EPERM));
}

TEST_P(Mprotect, WithAGrowingDirectionDoesNotReachASealedStackPage) {  // S-31
  // The reserved pages after the stack stay mapped: before Linux 6.5 reading
  // /proc/self/mem in a hole grew the stack above it, here the twin's, and the
  // snapshot would change what it looks at. (In 6.5 Linus Torvalds' rework of
  // stack expansion took it out of get_user_pages.)
  Scene scene{GetParam()};
  scene.prepare = [](const Area &a) {
    mmap(a.at(0), Area::pages * page, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
  };
  Trial trial = attempt(scene, [](const Area &a) {
    // Asks for the page above the sealed one; reaches down to the start.
    return mprotect(a.at(2), page, PROT_READ | PROT_GROWSDOWN);
  });
  EXPECT_EQ(trial.control, 0) << trial.control_error;
  // Native cuts the VMA at the sealed page, so its neighbour above may change.
  if (filtered()) {
    EXPECT_TRUE(refused(trial, EPERM));
  }
  Trial at_it = attempt(scene, [](const Area &a) {
    return mprotect(a.at(1), page, PROT_READ | PROT_GROWSDOWN);
  });
  EXPECT_TRUE(refused(at_it, EPERM));
}

TEST_P(Mprotect, WithBothDirectionsIsRefusedByTheKernelOrTheFilter) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return mprotect(a.at(1), page, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, EINVAL);
  EXPECT_EQ(trial.error, filtered() ? EPERM : EINVAL);
  EXPECT_TRUE(trial.maps_same);
}

}  // namespace
}  // namespace memseal::test
