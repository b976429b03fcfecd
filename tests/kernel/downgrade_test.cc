// SPDX-License-Identifier: Apache-2.0
// S-50 to S-53: seals that let access be lowered and never raised.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "memseal/memseal.h"
#include "support/in_child.h"
#include "support/keys.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_NATIVE_ENGINE(NativeDowngrade);
MEMSEAL_FILTERING_ENGINES(FilteredDowngrade);

Scene downgradable(Engine engine, Memory memory = Memory::anonymous_rw) {
  Scene scene{engine, memory};
  scene.types = MEMSEAL_MPROTECT;
  scene.flags = MEMSEAL_DOWNGRADABLE;
  return scene;
}

TEST_P(NativeDowngrade, IsNotSupportedByMsealAndSealsNothing) {  // S-51
  Trial trial = attempt(downgradable(GetParam()), [](const Area &a) {
    return mprotect(a.at(1), page, PROT_READ);
  });
  EXPECT_EQ(trial.seal_error, EOPNOTSUPP);
  EXPECT_EQ(trial.answer, 0);
}

TEST_P(FilteredDowngrade, ToReadOnlyIsAllowed) {
  for (Memory memory : {Memory::anonymous_rw, Memory::anonymous_r, Memory::text,
                        Memory::private_rw, Memory::shared_rw}) {
    SCOPED_TRACE(name(memory));
    EXPECT_TRUE(
        allowed(attempt(downgradable(GetParam(), memory), [](const Area &a) {
          return mprotect(a.at(1), page, PROT_READ);
        })));
    if (!has_keys())
      continue;
    EXPECT_TRUE(
        allowed(attempt(downgradable(GetParam(), memory), [](const Area &a) {
          return syscall(SYS_pkey_mprotect, a.at(1), page, PROT_READ, -1);
        })));
  }
}

TEST_P(FilteredDowngrade, ToAnythingElseIsRefused) {
  for (int to : {PROT_NONE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
                 PROT_READ | PROT_WRITE | PROT_EXEC, PROT_WRITE, PROT_EXEC,
                 PROT_READ | 8 /* PROT_SEM */}) {
    SCOPED_TRACE(to);
    EXPECT_TRUE(refused(
        attempt(downgradable(GetParam()),
                [to](const Area &a) { return mprotect(a.at(1), page, to); }),
        EPERM));
  }
}

TEST_P(FilteredDowngrade, WithHighBitsInTheProtectionIsNotReadOnly) {
  Trial trial = attempt(downgradable(GetParam()), [](const Area &a) {
    return syscall(SYS_mprotect, a.at(1), page, 0x1'0000'0001);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, EINVAL);
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_TRUE(trial.maps_same);
}

TEST_P(FilteredDowngrade, WithAProtectionKeyIsRefused) {
  if (!has_keys())
    GTEST_SKIP() << "this kernel has no pkey_mprotect (arm64: Linux 6.12)";
  Trial trial = attempt(downgradable(GetParam()), [](const Area &a) {
    return syscall(SYS_pkey_mprotect, a.at(1), page, PROT_READ, 0);
  });
  if (trial.control_error != EINVAL) {
    EXPECT_TRUE(refused(trial, EPERM));
    return;
  }
  // No keys in this processor: there is no twin, but the filter still shows.
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.error, EPERM);
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

TEST_P(FilteredDowngrade, CannotBeTakenBack) {  // S-50
  for (Memory memory : {Memory::anonymous_rw, Memory::text}) {
    Scene scene = downgradable(GetParam(), memory);
    int raised =
        memory == Memory::text ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE;
    Trial trial = attempt(scene, [raised](const Area &a) {
      if (mprotect(a.at(1), page, PROT_READ) != 0)
        return -2L;
      long answer = syscall(SYS_mprotect, a.at(1), page, raised);
      int error = errno;
      if (mprotect(a.at(1), page, PROT_READ) != 0)  // again is fine
        return -3L;
      errno = error;
      return answer;
    });
    ASSERT_TRUE(completed(trial));
    EXPECT_EQ(trial.control, 0);
    EXPECT_EQ(trial.answer, -1);
    EXPECT_EQ(trial.error, EPERM);
  }
}

TEST_P(FilteredDowngrade, OfPagesTogetherWithUnsealedOnesIsAllowed) {  // S-52
  EXPECT_TRUE(allowed(attempt(downgradable(GetParam()), [](const Area &a) {
    return mprotect(a.at(0), 4 * page, PROT_READ);
  })));
}

TEST_P(FilteredDowngrade, OfARangeWithAnImmutablePageIsRefusedWhole) {  // S-52
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(
        seal_by(engine, a.at(0), page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE),
        0);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(2), page, MEMSEAL_MPROTECT), 0);
    CHILD_ASSERT_ERROR(mprotect(a.at(0), 3 * page, PROT_READ), EPERM);
    *a.at(0) = 'w';  // still writable
    CHILD_ASSERT_EQ(mprotect(a.at(0), 2 * page, PROT_READ), 0);
  });
}

TEST_P(FilteredDowngrade, MayBeMadeImmutableButNotTheOtherWay) {  // S-14
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    for (unsigned flags : {MEMSEAL_DOWNGRADABLE, 0u, MEMSEAL_DOWNGRADABLE})
      CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page, MEMSEAL_MPROTECT, flags),
                      0);
    CHILD_ASSERT_ERROR(mprotect(a.at(1), page, PROT_READ), EPERM);
  });
}

TEST_P(FilteredDowngrade,
       OfAPageThatWasReplacedSinceIsNoReasonToRefuseAnotherSeal) {
  // S-66: the address stays sealed, whatever is mapped there later.
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(
        seal_by(engine, a.at(1), page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE),
        0);
    CHILD_ASSERT_EQ(mmap(a.at(1), page, PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                    a.at(1));
    CHILD_ASSERT_EQ(seal_by(engine, a.at(0), 2 * page, MEMSEAL_MUNMAP), 0);
    CHILD_ASSERT_ERROR(munmap(a.at(1), page), EPERM);
  });
}

TEST_P(FilteredDowngrade, OfWhatHasSeveralRungsOrNoneIsNotSupported) {  // S-51
  for (int from :
       {PROT_NONE, PROT_WRITE, PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC}) {
    SCOPED_TRACE(from);
    Scene scene = downgradable(GetParam());
    scene.prepare = [from](const Area &a) { mprotect(a.at(1), page, from); };
    Trial trial = attempt(scene, [](const Area &a) {
      return mprotect(a.at(1), page, PROT_READ | PROT_WRITE);
    });
    EXPECT_EQ(trial.died, 0);
    EXPECT_EQ(trial.seal_error, EOPNOTSUPP);
    EXPECT_EQ(trial.answer, 0);
  }
}

}  // namespace
}  // namespace memseal::test
