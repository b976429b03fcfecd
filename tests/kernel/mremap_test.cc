// SPDX-License-Identifier: Apache-2.0
// S-34: mremap in all its forms.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Mremap);

constexpr int may_move = MREMAP_MAYMOVE, onto = MREMAP_MAYMOVE | MREMAP_FIXED,
              dont_unmap = 4;  // MREMAP_DONTUNMAP

/// mremap without glibc, which knows no DONTUNMAP before 2.32.
long remap(void *old, std::size_t old_size, std::size_t size, int flags,
           void *target = nullptr) {
  return syscall(SYS_mremap, old, old_size, size, flags, target);
}

/// Makes room to grow behind page 1.
void free_after_one(const Area &a) {
  munmap(a.at(2), page);
}

TEST_P(Mremap, InPlaceOfTheSameSizeIsRefused) {
  EXPECT_TRUE(refused(
      attempt({GetParam()},
              [](const Area &a) { return remap(a.at(1), page, page, 0); }),
      EPERM));
}

TEST_P(Mremap, ShrinkingAwayTheSealedPageIsRefused) {
  EXPECT_TRUE(refused(
      attempt({GetParam()},
              [](const Area &a) { return remap(a.at(0), 2 * page, page, 0); }),
      EPERM));
}

TEST_P(Mremap, ShrinkingAMappingThatBeginsSealedIsRefused) {
  EXPECT_TRUE(refused(
      attempt({GetParam()},
              [](const Area &a) { return remap(a.at(1), 2 * page, page, 0); }),
      EPERM));
}

TEST_P(Mremap, GrowingInPlaceIsRefused) {
  Scene scene{GetParam()};
  scene.prepare = free_after_one;
  EXPECT_TRUE(refused(
      attempt(scene,
              [](const Area &a) { return remap(a.at(1), page, 2 * page, 0); }),
      EPERM));
}

TEST_P(Mremap, MovingAwayIsRefused) {
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(1), page, page, onto,
                                             a.at(5));
                              }),
                      EPERM));
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(1), page, 3 * page, may_move);
                              }),
                      EPERM));
}

TEST_P(Mremap, MovingAwayAndLeavingItEmptyIsRefused) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return remap(a.at(1), page, page, onto | dont_unmap, a.at(5));
  });
  if (trial.control_error == EINVAL)
    GTEST_SKIP() << "this kernel has no MREMAP_DONTUNMAP: Linux 5.7";
  EXPECT_TRUE(refused(trial, EPERM));
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(1), page, page,
                                             may_move | dont_unmap);
                              }),
                      EPERM));
}

TEST_P(Mremap, AnAliasByLengthZeroIsRefused) {
  // 0, and what the kernel rounds to 0, doubles a shared mapping.
  for (std::size_t old_size :
       {std::size_t{0}, ~std::size_t{0}, ~std::size_t{0} - page + 2}) {
    SCOPED_TRACE(old_size);
    EXPECT_TRUE(refused(attempt({GetParam(), Memory::shared_rw},
                                [=](const Area &a) {
                                  return remap(a.at(1), old_size, page,
                                               may_move);
                                }),
                        EPERM));
  }
}

TEST_P(Mremap, LandingOnTheSealedPageIsRefused) {
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(3), page, page, onto,
                                             a.at(1));
                              }),
                      EPERM));
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(3), page, 2 * page, onto,
                                             a.at(0));
                              }),
                      EPERM));
}

TEST_P(Mremap, LandingWithOneByteOverThePageIsRefused) {  // S-29
  EXPECT_TRUE(refused(attempt({GetParam()},
                              [](const Area &a) {
                                return remap(a.at(3), page, page + 1, onto,
                                             a.at(0));
                              }),
                      EPERM));
}

TEST_P(Mremap, ShrinkingWhileMovingIsAtomicWithAFilterOnly) {  // S-62
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return remap(a.at(0), 2 * page, page, onto, a.at(5));
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_NE(trial.control, -1) << trial.control_error;
  EXPECT_EQ(trial.answer, -1);
  EXPECT_EQ(trial.error, EPERM);
  // mseal(2) has unmapped the target by the time it finds the sealed tail.
  EXPECT_EQ(trial.maps_same, filtered());
}

TEST_P(Mremap, BesideTheSealedPageIsAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &a) {
    if (remap(a.at(0), page, page, onto, a.at(5)) == -1)
      return -1L;
    return remap(a.at(2), 2 * page, page, 0);
  })));
}

TEST_P(Mremap, ToLengthZeroIsRefusedByTheKernelOrTheFilter) {
  Trial trial = attempt(
      {GetParam()}, [](const Area &a) { return remap(a.at(1), page, 0, 0); });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.control_error, EINVAL);
  EXPECT_TRUE(trial.error == EINVAL || (filtered() && trial.error == EPERM));
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

}  // namespace
}  // namespace memseal::test
