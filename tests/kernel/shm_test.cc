// SPDX-License-Identifier: Apache-2.0
// S-35: System V shared memory attaches and detaches without a length.
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <cerrno>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Shm);

constexpr int no_shm = 90;

/// A segment of two pages that goes when the last process leaves it.
int segment() {
  return shmget(IPC_PRIVATE, 2 * page, IPC_CREAT | 0600);
}

TEST_P(Shm, RemapMayNotReplaceASealedPage) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    int id = segment();
    void *at = shmat(id, a.at(1), SHM_REMAP);
    int error = errno;
    shmctl(id, IPC_RMID, nullptr);
    errno = error;
    return at == reinterpret_cast<void *>(-1) ? -1L : 0L;
  });
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no System V shared memory";
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(Shm, RemapFromThePageBeforeMayNotReachASealedPage) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    int id = segment();
    void *at = shmat(id, a.at(0), SHM_REMAP);
    int error = errno;
    shmctl(id, IPC_RMID, nullptr);
    errno = error;
    return at == reinterpret_cast<void *>(-1) ? -1L : 0L;
  });
  if (trial.control_error == ENOSYS)
    GTEST_SKIP() << "this kernel has no System V shared memory";
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(Shm, AttachingElsewhereIsAllowed) {
  Trial trial = attempt({GetParam()}, [](const Area &) {
    int id = segment();
    void *at = shmat(id, nullptr, 0);
    shmctl(id, IPC_RMID, nullptr);
    return at == reinterpret_cast<void *>(-1) ? -1L : 0L;
  });
  EXPECT_TRUE(allowed(trial));
}

TEST_P(Shm, DetachingLeavesASealedSegmentMapped) {
  int step = in_child([engine = GetParam()] {
    int id = segment();
    if (id == -1)
      return no_shm;
    auto *twin = static_cast<char *>(shmat(id, nullptr, 0));
    auto *sealed = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    sealed[page] = 's';
    if (shmdt(twin) != 0 || peek(twin) >= 0)
      return 1;  // the control: it detaches
    // The second page: the call names the first.
    if (seal_by(engine, sealed + page, page) != 0)
      return 2;
    int answer = shmdt(sealed);
    if (has_filter(engine) ? answer != -1 || errno != EPERM : answer != 0)
      return 3;
    if (has_filter(engine) && peek(sealed) < 0)
      return 4;
    return peek(sealed + page) == 's' ? 0 : 5;
  });
  if (step == no_shm)
    GTEST_SKIP() << "this kernel has no System V shared memory";
  EXPECT_EQ(step, 0);
}

TEST_P(Shm, DetachingLeavesASealedPartOfASplitSegmentMapped) {
  // The call names where the segment was attached; what is sealed is a mapping
  // of its own, further up.
  int step = in_child([engine = GetParam()] {
    int id = segment();
    if (id == -1)
      return no_shm;
    auto *twin = static_cast<char *>(shmat(id, nullptr, 0));
    auto *sealed = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    sealed[page] = 's';
    for (char *each : {twin, sealed})
      if (mprotect(each + page, page, PROT_READ) != 0)
        return 1;
    if (shmdt(twin) != 0 || peek(twin + page) >= 0)
      return 2;  // the control: it detaches
    if (seal_by(engine, sealed + page, page) != 0)
      return 3;
    int answer = shmdt(sealed);
    if (has_filter(engine) ? answer != -1 || errno != EPERM : answer != 0)
      return 4;
    return peek(sealed + page) == 's' ? 0 : 5;
  });
  if (step == no_shm)
    GTEST_SKIP() << "this kernel has no System V shared memory";
  EXPECT_EQ(step, 0);
}

}  // namespace
}  // namespace memseal::test
