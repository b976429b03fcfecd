// SPDX-License-Identifier: Apache-2.0
#include "process/proc_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "sys/proc_text.h"

namespace memseal::process {
namespace {

std::string path_of(pid_t pid, const char *name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

/// The entries of a folder whose names are numbers.
std::vector<int> numbers_in(const std::string &folder) {
  std::vector<int> numbers;
  DIR *directory = opendir(folder.c_str());
  if (directory == nullptr)
    return numbers;
  while (const dirent *entry = readdir(directory)) {
    std::string_view name = entry->d_name;
    int number = 0;
    auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size())
      numbers.push_back(number);
  }
  closedir(directory);
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

Result<std::string> read_all(int fd) {
  std::string text;
  std::size_t filled = 0;
  for (;;) {
    text.resize(std::max<std::size_t>(2 * filled, std::size_t{16} << 10));
    ssize_t got = read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail(Errc::system, errno);
    filled += static_cast<std::size_t>(got);
    if (got == 0)
      break;
  }
  text.resize(filled);
  return text;
}

Result<std::string> read_file(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail(Errc::system, errno);
  auto text = read_all(fd);
  close(fd);
  return text;
}

Result<std::string> read_process_file(pid_t pid, const char *name) {
  return read_file(path_of(pid, name));
}

std::string text_of(pid_t pid, const char *name) {
  return read_process_file(pid, name).value_or(std::string());
}

std::string read_link(const std::string &path) {
  std::string target(4096, '\0');
  ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

std::string read_process_link(pid_t pid, const char *name) {
  return read_link(path_of(pid, name));
}

std::vector<int> process_ids() {
  return numbers_in("/proc");
}

std::vector<pid_t> thread_ids(pid_t pid) {
  return numbers_in(path_of(pid, "task"));
}

std::vector<int> descriptors_of(pid_t pid) {
  return numbers_in(path_of(pid, "fd"));
}

std::uint64_t start_time(pid_t pid) {
  return sys::read_stat_field(path_of(pid, "stat").c_str(), 22).value_or(0);
}

}  // namespace memseal::process
