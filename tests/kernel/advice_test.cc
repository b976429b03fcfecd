// SPDX-License-Identifier: Apache-2.0
// S-36, S-63: advice that empties, hides or withholds pages; every advice on
// every kind of memory.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Advice);
MEMSEAL_FILTERING_ENGINES(FilteredAdvice);

constexpr int dontneed_locked = 24, guard_install = 102, guard_remove = 103,
              poison = 100;
constexpr Memory every_memory[] = {
    Memory::anonymous_rw, Memory::anonymous_r, Memory::relro,   Memory::text,
    Memory::private_rw,   Memory::shared_rw,   Memory::shared_r};

/// The kernel's word on `advice` for this memory, were it not sealed: 0 or an
/// errno. Answers ENOSYS if the kernel does not know the advice.
int without_seal(Engine engine, Memory memory, int advice) {
  Trial trial = attempt({engine, memory}, [=](const Area &a) {
    return madvise(a.at(2), page, advice);
  });
  return trial.control_error;
}

/// mseal(2)'s rule: private, anonymous, not writable (S-63).
bool native_refuses(Memory memory, int advice) {
  return memory == Memory::anonymous_r && advice != guard_remove;
}

class AdviceKind : public EveryEngine {
protected:
  void try_everywhere(int advice) {
    bool known = false;
    for (Memory memory : every_memory) {
      SCOPED_TRACE(name(memory));
      int kernel = without_seal(GetParam(), memory, advice);
      Trial trial = attempt({GetParam(), memory}, [=](const Area &a) {
        return madvise(a.at(1), page, advice);
      });
      ASSERT_TRUE(completed(trial));
      if (kernel == 0) {
        known = true;
        bool denied = filtered() || native_refuses(memory, advice);
        EXPECT_TRUE(denied ? refused(trial, EPERM) : allowed(trial));
      } else {
        // This kind of memory never takes this advice; nothing may change.
        EXPECT_EQ(trial.control_error, kernel);
        EXPECT_TRUE(trial.error == kernel || trial.error == EPERM);
        EXPECT_TRUE(trial.maps_same && trial.bytes_same);
      }
    }
    if (!known)
      GTEST_SKIP() << "this kernel does not know advice " << advice;
  }
};
INSTANTIATE_TEST_SUITE_P(, AdviceKind,
                         testing::Values(Engine::native, Engine::filter,
                                         Engine::strict),
                         engine_name);

TEST_P(AdviceKind, DontNeed) {
  try_everywhere(MADV_DONTNEED);
}
TEST_P(AdviceKind, DontNeedLocked) {
  try_everywhere(dontneed_locked);
}
TEST_P(AdviceKind, Free) {
  try_everywhere(MADV_FREE);
}
TEST_P(AdviceKind, Remove) {
  try_everywhere(MADV_REMOVE);
}
TEST_P(AdviceKind, DontFork) {
  try_everywhere(MADV_DONTFORK);
}
TEST_P(AdviceKind, WipeOnFork) {
  try_everywhere(MADV_WIPEONFORK);
}
TEST_P(AdviceKind, GuardInstall) {
  try_everywhere(guard_install);
}

TEST_P(Advice, ToRemoveAGuardThatWasSealedInIsRefusedByTheFilter) {
  Scene scene{GetParam()};
  scene.prepare = [](const Area &a) { madvise(a.at(1), page, guard_install); };
  Trial trial = attempt(scene, [](const Area &a) {
    int error = madvise(a.at(1), page, guard_remove);
    return error;
  });
  if (trial.control_error == EINVAL)
    GTEST_SKIP() << "this kernel has no guard regions: Linux 6.13";
  if (filtered()) {
    EXPECT_TRUE(refused(trial, EPERM));
  } else {
    EXPECT_TRUE(allowed(trial));
  }
}

TEST_P(FilteredAdvice, ToPoisonIsRefusedByTheFilterBeforeTheKernelLooks) {
  // No twin: it would take a page of real memory away from the machine.
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return a.at(1) == nullptr ? 0 : madvise(a.at(1), 0, poison);
  });
  ASSERT_TRUE(completed(trial));
  Trial harmless = attempt({GetParam()}, [](const Area &a) {
    // Unaligned, so that the kernel refuses it if the filter does not.
    return madvise(a.at(1) + 1, page, poison);
  });
  ASSERT_TRUE(completed(harmless));
  EXPECT_EQ(harmless.control_error, EINVAL);
  EXPECT_EQ(harmless.error, EPERM);
}

TEST_P(Advice, ThatDestroysNothingIsAllowed) {
  for (int advice : {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                     MADV_DODUMP, MADV_DONTDUMP, MADV_DOFORK}) {
    SCOPED_TRACE(advice);
    Trial trial = attempt({GetParam()}, [advice](const Area &a) {
      return madvise(a.at(1), page, advice);
    });
    EXPECT_TRUE(allowed(trial));
    EXPECT_TRUE(trial.bytes_same);
  }
}

TEST_P(Advice, OverAMixedRangeIsAtomicWithAFilterOnly) {  // S-27, S-62
  Trial trial = attempt({GetParam(), Memory::anonymous_r}, [](const Area &a) {
    return madvise(a.at(0), 3 * page, MADV_DONTNEED);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control, 0);
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_EQ(trial.bytes_same, filtered());
}

TEST_P(Advice, OneByteReachesIntoThePage) {  // S-29
  EXPECT_TRUE(refused(
      attempt({GetParam(), Memory::anonymous_r},
              [](const Area &a) { return madvise(a.at(1), 1, MADV_DONTNEED); }),
      EPERM));
}

TEST_P(Advice, BesideTheSealedPageIsAllowed) {
  EXPECT_TRUE(
      allowed(attempt({GetParam(), Memory::anonymous_r}, [](const Area &a) {
        if (madvise(a.at(0), page, MADV_DONTNEED) != 0)
          return -1;
        return madvise(a.at(2), page, MADV_DONTNEED);
      })));
}

TEST_P(Advice, MayNotWithholdASealedPageFromTheChild) {
  // What DONTFORK would do, seen from the child.
  Trial trial = attempt({GetParam(), Memory::relro}, [](const Area &a) {
    madvise(a.at(1), page, MADV_DONTFORK);
    pid_t child = fork();
    if (child == 0)
      _exit(peek(a.at(1)) < 0 ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    return static_cast<long>(WEXITSTATUS(status));
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control, 1);
  EXPECT_EQ(trial.answer, filtered() ? 0 : 1);  // S-63
}

}  // namespace
}  // namespace memseal::test
