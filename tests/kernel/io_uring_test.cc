// SPDX-License-Identifier: Apache-2.0
// S-38: io_uring gives advice without a system call of its own.
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(IoUring);
MEMSEAL_FILTERING_ENGINES(FilteredIoUring);

/// A ring of one entry; -1 with errno if there is none.
struct Ring {
  int fd;
  io_uring_params params{};
  char *rings = nullptr;
  io_uring_sqe *entry = nullptr;

  Ring() {
    fd = static_cast<int>(syscall(SYS_io_uring_setup, 1, &params));
    if (fd == -1)
      return;
    // io_uring(7): with IORING_FEAT_SINGLE_MMAP both rings are one mapping, as
    // long as the longer of the two. One that is longer than the kernel's own
    // memory is EINVAL on older kernels.
    std::size_t submissions =
        params.sq_off.array + params.sq_entries * sizeof(unsigned);
    std::size_t completions =
        params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
    rings = static_cast<char *>(
        mapped(std::max(submissions, completions), IORING_OFF_SQ_RING));
    entry = static_cast<io_uring_sqe *>(
        mapped(sizeof(io_uring_sqe), IORING_OFF_SQES));
  }
  void *mapped(std::size_t size, long what) const {
    void *at =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, what);
    if (at == MAP_FAILED)
      std::abort();
    return at;
  }
  unsigned &word(unsigned offset) {
    return *reinterpret_cast<unsigned *>(rings + offset);
  }

  /// Submits MADVISE and waits: 0, or -1 with errno.
  long advise(void *at, std::size_t size, int advice) {
    std::memset(entry, 0, sizeof(*entry));
    entry->opcode = IORING_OP_MADVISE;
    entry->addr = reinterpret_cast<std::uintptr_t>(at);
    entry->len = static_cast<unsigned>(size);
    entry->fadvise_advice = static_cast<unsigned>(advice);
    word(params.sq_off.array) = 0;
    std::atomic_ref(word(params.sq_off.tail)).fetch_add(1);
    if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, nullptr,
                0) == -1)
      return -1;
    unsigned head = std::atomic_ref(word(params.cq_off.head)).fetch_add(1);
    auto *done = reinterpret_cast<io_uring_cqe *>(rings + params.cq_off.cqes);
    int result = done[head & word(params.cq_off.ring_mask)].res;
    errno = result < 0 ? -result : 0;
    return result < 0 ? -1 : result;
  }
};

long advise_by_ring(const Area &a, int advice) {
  Ring ring;
  return ring.fd == -1 ? -1 : ring.advise(a.at(1), page, advice);
}

bool no_ring(const Trial &trial) {
  return trial.control == -1 &&
         (trial.control_error == ENOSYS || trial.control_error == EPERM ||
          trial.control_error == EINVAL);
}

TEST_P(FilteredIoUring, MayNotBeSetUpAtTheClosedLevel) {
  Scene scene{GetParam()};
  scene.level = Level::closed;
  Trial trial = attempt(scene, [](const Area &) {
    Ring ring;
    return static_cast<long>(ring.fd);
  });
  if (no_ring(trial))
    GTEST_SKIP() << "this kernel has no io_uring, or has it disabled";
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(IoUring, EmptiesASealedReadOnlyPageOnlyWhereTheKernelDoesNotSeal) {
  Trial trial = attempt({GetParam(), Memory::anonymous_r}, [](const Area &a) {
    return advise_by_ring(a, MADV_DONTNEED);
  });
  if (no_ring(trial))
    GTEST_SKIP() << "this kernel has no io_uring, or has it disabled";
  if (!kernel_seals(GetParam())) {
    // Declared open at the compatible level: if this starts to be refused,
    // docs/semantics.md S-38 wants a better promise.
    EXPECT_TRUE(allowed(trial));
    EXPECT_FALSE(trial.bytes_same);
  } else {
    EXPECT_TRUE(refused(trial, EPERM));
  }
}

}  // namespace
}  // namespace memseal::test
