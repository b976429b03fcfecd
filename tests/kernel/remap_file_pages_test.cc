// SPDX-License-Identifier: Apache-2.0
// S-35: remap_file_pages, which the kernel turns into MAP_FIXED.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(RemapFilePages);

TEST_P(RemapFilePages, MayNotExchangeASealedPage) {
  Trial trial = attempt({GetParam(), Memory::shared_rw}, [](const Area &a) {
    return syscall(SYS_remap_file_pages, a.at(1), page, 0, 2, 0);
  });
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no remap_file_pages";
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(RemapFilePages, MayNotBeginBeforeASealedPage) {
  Trial trial = attempt({GetParam(), Memory::shared_rw}, [](const Area &a) {
    return syscall(SYS_remap_file_pages, a.at(0), 2 * page, 0, 2, 0);
  });
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no remap_file_pages";
  // mseal(2) has cut the mapping in two, which this call does not cross.
  EXPECT_TRUE(refused(trial, filtered() ? EPERM : EINVAL));
}

TEST_P(RemapFilePages, MayReorderPagesBeside) {
  Trial trial = attempt({GetParam(), Memory::shared_rw}, [](const Area &a) {
    return syscall(SYS_remap_file_pages, a.at(2), page, 0, 0, 0);
  });
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no remap_file_pages";
  EXPECT_TRUE(allowed(trial));
}

}  // namespace
}  // namespace memseal::test
