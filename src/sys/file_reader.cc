// SPDX-License-Identifier: Apache-2.0
#include "sys/file_reader.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cstring>

#include "sys/syscall.h"

namespace memseal::sys {

Result<FileReader> FileReader::open(const char *path) {
  long fd = MEMSEAL_TRY(result(
      call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
  return FileReader(static_cast<int>(fd));
}

FileReader::~FileReader() {
  if (fd_ >= 0)
    call(SYS_close, fd_);
}

Result<void> FileReader::read(std::span<std::byte> bytes,
                              std::uint64_t offset) const {
  while (!bytes.empty()) {
    long count = MEMSEAL_TRY(
        result(call(SYS_pread64, fd_, bytes.data(), bytes.size(), offset)));
    if (count == 0) {
      std::memset(bytes.data(), 0, bytes.size());
      return {};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace memseal::sys
