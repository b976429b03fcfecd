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
  in_child([engine = GetParam()] {
    int id = segment();
    if (id == -1)
      CHILD_SKIP("this kernel has no System V shared memory");
    auto *twin = static_cast<char *>(shmat(id, nullptr, 0));
    auto *sealed = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    sealed[page] = 's';
    CHILD_ASSERT_EQ(shmdt(twin), 0);
    CHILD_ASSERT_LT(peek(twin), 0);  // the control: it detaches
    // The second page: the call names the first.
    CHILD_ASSERT_EQ(seal_by(engine, sealed + page, page), 0);
    int answer = shmdt(sealed);
    if (has_filter(engine)) {
      CHILD_ASSERT_ERROR(answer, EPERM);
      CHILD_ASSERT_GE(peek(sealed), 0);
    } else {
      CHILD_ASSERT_EQ(answer, 0);
    }
    CHILD_ASSERT_EQ(peek(sealed + page), 's');
  });
}

TEST_P(Shm, DetachingLeavesASealedPartOfASplitSegmentMapped) {
  // The call names where the segment was attached; what is sealed is a mapping
  // of its own, further up.
  in_child([engine = GetParam()] {
    int id = segment();
    if (id == -1)
      CHILD_SKIP("this kernel has no System V shared memory");
    auto *twin = static_cast<char *>(shmat(id, nullptr, 0));
    auto *sealed = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    sealed[page] = 's';
    for (char *each : {twin, sealed})
      CHILD_ASSERT_EQ(mprotect(each + page, page, PROT_READ), 0);
    CHILD_ASSERT_EQ(shmdt(twin), 0);
    CHILD_ASSERT_LT(peek(twin + page), 0);  // the control: it detaches
    CHILD_ASSERT_EQ(seal_by(engine, sealed + page, page), 0);
    int answer = shmdt(sealed);
    if (has_filter(engine))
      CHILD_ASSERT_ERROR(answer, EPERM);
    else
      CHILD_ASSERT_EQ(answer, 0);
    CHILD_ASSERT_EQ(peek(sealed + page), 's');
  });
}

}  // namespace
}  // namespace memseal::test
