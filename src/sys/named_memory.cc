// SPDX-License-Identifier: Apache-2.0
#include "sys/named_memory.h"

#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/time_types.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

// linux/memfd.h; NOEXEC_SEAL is Linux 6.3, and keeps the kernel from logging
// that a memfd was made without saying whether it may be executed.
constexpr unsigned mfd_cloexec = 1, mfd_noexec_seal = 8;
constexpr int advice_wipe_on_fork = 18;
constexpr int clock_monotonic = 1;

ReturnValue create_memfd(const char *name) {
  ReturnValue fd = call(SYS_memfd_create, name, mfd_cloexec | mfd_noexec_seal);
  if (fd.error() == EINVAL)
    fd = call(SYS_memfd_create, name, mfd_cloexec);
  return fd;
}

}  // namespace

Result<PageRange> map_named(const char *name, std::size_t size) {
  ReturnValue fd = create_memfd(name);
  if (fd.failed())
    return map_anonymous(size);
  ReturnValue at = call(SYS_ftruncate, fd.raw, size);
  if (!at.failed())
    at = call(SYS_mmap, 0, size, Protection::read | Protection::write,
              MAP_PRIVATE, fd.raw, 0);
  call(SYS_close, fd.raw);
  if (at.failed())
    return map_anonymous(size);
  return PageRange::create(static_cast<Address>(at.raw), size, page_size());
}

Result<void> replace_by_wiped_on_fork(PageRange range) {
  ReturnValue at = call(SYS_mmap, range.begin(), range.size(),
                        Protection::read | Protection::write,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at.failed())
    return fail(Errc::system, at.error());
  call(SYS_madvise, range.begin(), range.size(), advice_wipe_on_fork);
  return {};
}

void wait(const std::atomic<std::uint32_t> &word, std::uint32_t seen,
          long microseconds) {
  __kernel_timespec limit{microseconds / 1'000'000,
                          microseconds % 1'000'000 * 1'000};
  call(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, seen, &limit);
}

void wake(const std::atomic<std::uint32_t> &word) {
  call(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff);
}

std::uint64_t now_microseconds() {
  __kernel_timespec now{};
  call(SYS_clock_gettime, clock_monotonic, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace memseal::sys
