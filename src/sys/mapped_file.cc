// SPDX-License-Identifier: Apache-2.0
#include "sys/mapped_file.h"

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sys/syscall.h"
#include "vm/protection.h"

namespace memseal::sys {
namespace {

Result<MappedFile> map_open_file(long fd) {
  // statx, because struct stat is libc's idea and differs by architecture.
  struct statx status = {};
  MEMSEAL_TRY(result(
      call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status)));
  if (S_ISDIR(status.stx_mode))
    return fail(Errc::system, EISDIR);
  if (!S_ISREG(status.stx_mode))
    return fail(Errc::system, EACCES);

  MappedFile file;
  file.mode = status.stx_mode;
  file.uid = status.stx_uid;
  file.gid = status.stx_gid;
  file.device =
      std::uint64_t{status.stx_dev_major} << 32 | status.stx_dev_minor;
  file.inode = status.stx_ino;
  if (status.stx_size == 0)
    return file;
  long begin = MEMSEAL_TRY(result(call(SYS_mmap, 0, status.stx_size,
                                       Protection::read, MAP_PRIVATE, fd, 0)));
  file.bytes = {reinterpret_cast<const std::byte *>(begin),
                static_cast<std::size_t>(status.stx_size)};
  return file;
}

}  // namespace

Result<MappedFile> map_file(const char *path) {
  // O_NONBLOCK: a FIFO without a writer must not hold us.
  long fd = MEMSEAL_TRY(result(
      call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
  Result<MappedFile> file = map_open_file(fd);
  call(SYS_close, fd);
  return file;
}

}  // namespace memseal::sys
