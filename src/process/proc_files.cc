// SPDX-License-Identifier: Apache-2.0
#include "process/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace memseal::process {
namespace {

std::string process_path(int pid, const char *name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

}  // namespace

FileText read_file(const std::string &path) {
  FileText text;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    text.error = errno;
    return text;
  }
  std::size_t filled = 0;
  for (;;) {
    text.bytes.resize(std::max<std::size_t>(2 * filled, std::size_t{64} << 10));
    ssize_t got =
        read(fd, text.bytes.data() + filled, text.bytes.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      text.error = errno;
    if (got <= 0)
      break;
    filled += static_cast<std::size_t>(got);
  }
  close(fd);
  text.bytes.resize(filled);
  return text;
}

FileText read_process_file(int pid, const char *name) {
  return read_file(process_path(pid, name));
}

std::string read_link(const std::string &path) {
  std::string target(4096, '\0');
  ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

std::string read_process_link(int pid, const char *name) {
  return read_link(process_path(pid, name));
}

std::string_view find_status_field(std::string_view status,
                                   std::string_view name) {
  while (!status.empty()) {
    std::size_t end = std::min(status.find('\n'), status.size());
    std::string_view line = status.substr(0, end);
    status.remove_prefix(std::min(end + 1, status.size()));
    if (line.size() <= name.size() || !line.starts_with(name) ||
        line[name.size()] != ':')
      continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return {};
}

std::uint64_t start_time(int pid) {
  std::string stat = read_process_file(pid, "stat").bytes;
  // The second field, the name in brackets, may hold blanks and brackets.
  std::size_t at = stat.rfind(')');
  if (at == std::string::npos)
    return 0;
  for (int field = 2; field < 22 && at != std::string::npos; ++field)
    at = stat.find(' ', at + 1);
  std::uint64_t ticks = 0;
  if (at != std::string::npos)
    std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), ticks);
  return ticks;
}

std::vector<int> process_ids() {
  std::vector<int> pids;
  DIR *proc = opendir("/proc");
  if (proc == nullptr)
    return pids;
  while (const dirent *entry = readdir(proc)) {
    std::string_view name = entry->d_name;
    int pid = 0;
    auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size())
      pids.push_back(pid);
  }
  closedir(proc);
  std::sort(pids.begin(), pids.end());
  return pids;
}

ProcessMemory::ProcessMemory(int pid) {
  fd_ = open(process_path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0)
    error_ = errno;
}

ProcessMemory::~ProcessMemory() {
  if (fd_ >= 0)
    close(fd_);
}

bool ProcessMemory::read(Address from, std::span<std::byte> out) const {
  while (!out.empty()) {
    ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off_t>(from));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    from += static_cast<std::size_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace memseal::process
