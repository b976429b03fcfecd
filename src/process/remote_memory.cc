// SPDX-License-Identifier: Apache-2.0
#include "process/remote_memory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace memseal::process {

void (*step_observer)() = nullptr;

Result<RemoteMemory> RemoteMemory::open(pid_t pid, Access access) {
  int fd = ::open(fmt::format("/proc/{}/mem", pid).c_str(),
                  (access == Access::read ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (fd < 0)
    return fail(Errc::system, errno);
  return RemoteMemory(fd);
}

RemoteMemory::RemoteMemory(RemoteMemory &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

RemoteMemory::~RemoteMemory() {
  if (fd_ >= 0)
    close(fd_);
}

Result<void> RemoteMemory::read(RemoteAddress from,
                                std::span<std::byte> out) const {
  while (!out.empty()) {
    ssize_t n = pread(fd_, out.data(), out.size(), off_t(from.value));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fail(Errc::system, n < 0 ? errno : EIO);
    out = out.subspan(std::size_t(n));
    from = from + std::uint64_t(n);
  }
  return {};
}

Result<void> RemoteMemory::write(RemoteAddress to,
                                 std::span<const std::byte> bytes) const {
  if (step_observer != nullptr)
    step_observer();
  while (!bytes.empty()) {
    ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), off_t(to.value));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return fail(Errc::system, n < 0 ? errno : EIO);
    bytes = bytes.subspan(std::size_t(n));
    to = to + std::uint64_t(n);
  }
  return {};
}

}  // namespace memseal::process
