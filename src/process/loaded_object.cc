// SPDX-License-Identifier: Apache-2.0
//
// Which file is behind a mapping? The name in maps is a path in the process's
// own file system, at the time it was mapped: by now another file may be there,
// or none (an upgraded library). /proc/PID/map_files has a link per mapping
// that leads to the very file, but following it needs CAP_SYS_ADMIN or
// CAP_CHECKPOINT_RESTORE (proc(5)). So: map_files first, then the path below
// /proc/PID/root, if what is there has the inode that maps tells.
#include "process/loaded_object.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

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

FileDescriptor open_backing(int pid, const Mapping &mapping) {
  auto link = fmt::format("/proc/{}/map_files/{:x}-{:x}", pid,
                          mapping.range.begin(), mapping.range.end());
  FileDescriptor exact(open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (exact || name_is_deleted(mapping.name))
    return exact;

  std::string room(mapping.name.size(), '\0');
  auto path =
      fmt::format("/proc/{}/root{}", pid, unescape_name(mapping.name, room));
  // O_NONBLOCK: what is at the path now could be a pipe.
  FileDescriptor found(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!found || fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_ino != mapping.inode)
    return FileDescriptor(-1);
  return found;
}

bool read_exactly(int fd, void *into, std::size_t size, std::uint64_t from) {
  return pread(fd, into, size, static_cast<off_t>(from)) ==
         static_cast<ssize_t>(size);
}

/// The program headers of a file, with the bytes they lie in.
struct Headers {
  std::vector<std::byte> bytes;
  elf::ProgramHeaders table;
};

elf::Parsed<void> read_headers(int fd, Headers &headers) {
  std::byte first[sizeof(Elf64_Ehdr)];
  if (!read_exactly(fd, first, sizeof first, 0))
    return elf::flawed(elf::Flaw::not_elf);
  auto header = elf::read_header(first);
  if (!header)
    return elf::flawed(header.error());
  headers.bytes.resize(header->e_phnum * sizeof(Elf64_Phdr));
  if (!read_exactly(fd, headers.bytes.data(), headers.bytes.size(),
                    header->e_phoff))
    return elf::flawed(elf::Flaw::headers_outside);
  auto table = elf::ProgramHeaders::create(headers.bytes, header->e_phnum);
  if (!table)
    return elf::flawed(table.error());
  headers.table = *table;
  return {};
}

/// Whether the mapping's file offset is where this PT_LOAD begins.
bool begins(const Elf64_Phdr &load, const Mapping &mapping, std::size_t page) {
  return (load.p_offset & ~(page - 1)) == mapping.offset;
}

/// The other segments must be in place. A file with one segment only has
/// nothing else to show and is believed.
bool is_in_place(const elf::ProgramHeaders &table, Address bias,
                 std::span<const Mapping> mappings, std::size_t page) {
  int others = 0, found = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    Elf64_Phdr load = table[i];
    if (load.p_type != PT_LOAD || load.p_filesz == 0)
      continue;
    Address begin = bias + (load.p_vaddr & ~(page - 1));
    if (begin == mappings.front().range.begin())
      continue;
    ++others;
    found += std::any_of(
        mappings.begin(), mappings.end(), [&](const Mapping &mapping) {
          // Sealing or protecting a part splits a mapping, so
          // its begin need not be the segment's.
          return mapping.same_file(mappings.front()) &&
                 mapping.range.contains(begin) &&
                 mapping.offset + (begin - mapping.range.begin()) ==
                     (load.p_offset & ~(page - 1));
        });
  }
  return others == 0 || found > 0;
}

}  // namespace

Recognition recognise(int pid, std::span<const Mapping> mappings,
                      std::size_t page) {
  const Mapping &first = mappings.front();
  FileDescriptor file = open_backing(pid, first);
  if (!file)
    return {std::nullopt, name_is_deleted(first.name)
                              ? "deleted, and its headers cannot be read"
                              : "its headers cannot be read"};
  Headers headers;
  if (auto read = read_headers(file.get(), headers); !read) {
    if (read.error() == elf::Flaw::not_elf)
      return {};
    return {std::nullopt, elf::sentence(read.error())};
  }
  const Elf64_Phdr load = headers.table.first(PT_LOAD);
  if (load.p_type != PT_LOAD || !begins(load, first, page))
    return {};
  elf::Placement placement = elf::placement_of(headers.table, first, page);
  if (!is_in_place(headers.table, placement.bias, mappings, page))
    return {};
  auto layout = elf::Layout::create(headers.table, placement);
  if (!layout)
    return {std::nullopt, elf::sentence(layout.error())};
  return {*layout, name_is_deleted(first.name) ? "deleted" : ""};
}

}  // namespace memseal::process
