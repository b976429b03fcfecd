// SPDX-License-Identifier: Apache-2.0
// S-32: munmap.
#include <sys/mman.h>

#include <cerrno>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Munmap);

TEST_P(Munmap, IsRefusedOnEveryKindOfMemory) {
  for (Memory memory :
       {Memory::anonymous_rw, Memory::anonymous_r, Memory::relro, Memory::text,
        Memory::private_rw, Memory::shared_rw, Memory::shared_r}) {
    SCOPED_TRACE(name(memory));
    EXPECT_TRUE(
        refused(attempt({GetParam(), memory},
                        [](const Area &a) { return munmap(a.at(1), page); }),
                EPERM));
  }
}

TEST_P(Munmap, OfAMixedRangeIsAtomic) {
  EXPECT_TRUE(
      refused(attempt({GetParam()},
                      [](const Area &a) { return munmap(a.at(0), 3 * page); }),
              EPERM));
  EXPECT_TRUE(
      refused(attempt({GetParam()},
                      [](const Area &a) { return munmap(a.at(1), 3 * page); }),
              EPERM));
}

TEST_P(Munmap, OverAHoleAndTheSealedPageIsRefusedWhole) {  // S-27
  Scene scene{GetParam()};
  scene.prepare = [](const Area &a) { munmap(a.at(0), page); };
  EXPECT_TRUE(refused(
      attempt(scene, [](const Area &a) { return munmap(a.at(0), 2 * page); }),
      EPERM));
}

TEST_P(Munmap, JustBesideTheSealedPageIsAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &a) {
    if (munmap(a.at(0), page) != 0)
      return -1;
    return munmap(a.at(2), page);
  })));
}

TEST_P(Munmap, OneByteReachesIntoThePage) {  // S-29
  for (int first : {0, 1}) {
    std::size_t size = first == 0 ? page + 1 : 1;
    EXPECT_TRUE(refused(
        attempt({GetParam()},
                [=](const Area &a) { return munmap(a.at(first), size); }),
        EPERM));
  }
}

TEST_P(Munmap, WithArgumentsThatTheKernelRefusesChangesNothing) {  // S-29
  struct {
    long offset;
    std::size_t size;
  } const cases[] = {{1, page},
                     {0, 0},
                     {0, ~std::size_t{0}},
                     {0, ~std::size_t{0} - page + 1},
                     {0, std::size_t{1} << 56}};  // the most any processor has
  for (auto [offset, size] : cases) {
    SCOPED_TRACE(size);
    Trial trial = attempt({GetParam()}, [=](const Area &a) {
      return munmap(a.at(1) + offset, size);
    });
    ASSERT_TRUE(completed(trial));
    EXPECT_EQ(trial.control_error, EINVAL);
    EXPECT_TRUE(trial.error == EINVAL || (filtered() && trial.error == EPERM))
        << trial.error;
    EXPECT_TRUE(trial.maps_same);
  }
}

}  // namespace
}  // namespace memseal::test
