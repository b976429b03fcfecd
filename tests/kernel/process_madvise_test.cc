// SPDX-License-Identifier: Apache-2.0
// S-37: process_madvise names its ranges in memory, where a filter cannot look.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(ProcessMadvise);

constexpr long nr_pidfd_open = 434, nr_process_madvise = 440;

long advise_self(void *at, int advice) {
  int self = static_cast<int>(syscall(nr_pidfd_open, getpid(), 0));
  iovec range{at, page};
  long answer = syscall(nr_process_madvise, self, &range, 1, advice, 0);
  int error = errno;
  close(self);
  errno = error;
  return answer;
}

TEST_P(ProcessMadvise, MayNotEmptyASealedPage) {
  Trial trial = attempt({GetParam(), Memory::anonymous_r}, [](const Area &a) {
    return advise_self(a.at(1), MADV_DONTNEED);
  });
  ASSERT_TRUE(completed(trial));
  if (trial.control == -1)
    GTEST_SKIP() << "process_madvise discards nothing here: Linux 6.13";
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(ProcessMadvise, MayNotEmptyASealedRelroPageUnderAFilter) {
  Trial trial = attempt({GetParam(), Memory::relro}, [](const Area &a) {
    return advise_self(a.at(1), MADV_DONTNEED);
  });
  ASSERT_TRUE(completed(trial));
  if (trial.control == -1)
    GTEST_SKIP() << "process_madvise discards nothing here: Linux 6.13";
  if (filtered()) {
    EXPECT_TRUE(refused(trial, EPERM));
  } else {
    EXPECT_TRUE(allowed(trial));  // S-63
  }
}

TEST_P(ProcessMadvise, ThatDestroysNothingIsAllowed) {
  constexpr int cold = 20;
  Trial trial = attempt(
      {GetParam()}, [](const Area &a) { return advise_self(a.at(1), cold); });
  ASSERT_TRUE(completed(trial));
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no process_madvise: Linux 5.10";
  EXPECT_TRUE(allowed(trial));
}

}  // namespace
}  // namespace memseal::test
