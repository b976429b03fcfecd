// SPDX-License-Identifier: Apache-2.0
//
// Which file is behind a mapping? The name in maps is a path in the process's
// own file system, at the time it was mapped: by now another file may be there,
// or none (an upgraded library). /proc/PID/map_files has a link per mapping
// that leads to the very file, but following it needs CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE (proc(5)). So: map_files first, then the path below
// /proc/PID/root, if what is there has the inode that maps tells.
//
// By now the name may also lead to a device that does something when it is
// opened. So a file is looked at before it is opened.
#include "process/loaded_object.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "sys/memory.h"
#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

class FileDescriptor {
public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor &&other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}
  ~FileDescriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_;
};

/// A regular file, to be read; `inode` 0: whichever it is.
FileDescriptor open_regular(const std::string &path, std::uint64_t inode) {
  FileDescriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      (inode != 0 && status.st_ino != inode))
    return FileDescriptor(-1);
  auto link = fmt::format("/proc/self/fd/{}", place.get());
  return FileDescriptor(open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

FileDescriptor open_backing(pid_t pid, const Mapping &mapping) {
  auto link = fmt::format("/proc/{}/map_files/{:x}-{:x}", pid,
                          mapping.range.begin(), mapping.range.end());
  FileDescriptor exact = open_regular(link, 0);
  if (exact || name_is_deleted(mapping.name))
    return exact;

  std::string room(mapping.name.size(), '\0');
  auto path =
      fmt::format("/proc/{}/root{}", pid, unescape_name(mapping.name, room));
  return open_regular(path, mapping.inode);
}

bool read_exactly(int fd, std::uint64_t from, std::span<std::byte> out) {
  return pread(fd, out.data(), out.size(), static_cast<off_t>(from)) ==
         static_cast<ssize_t>(out.size());
}

}  // namespace

RecognisedFile recognise_by_file(pid_t pid, const Mappings &space,
                                 const Mapping &first) {
  bool deleted = name_is_deleted(first.name);
  FileDescriptor file = open_backing(pid, first);
  if (!file)
    return {std::nullopt, deleted ? "deleted, and its headers cannot be read"
                                  : "its headers cannot be read"};
  auto object = recognise(space, first, sys::page_size(),
                          [&](std::uint64_t offset, std::span<std::byte> out) {
                            return read_exactly(file.get(), offset, out);
                          });
  if (!object)
    return {std::nullopt, elf::sentence(object.error())};
  return {*object, *object && deleted ? "deleted" : ""};
}

}  // namespace memseal::process
