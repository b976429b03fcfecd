// SPDX-License-Identifier: Apache-2.0
#include "sys/huge_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/large_local.h"
#include "base/text_writer.h"
#include "sys/proc_text.h"
#include "sys/syscall.h"
#include "sys/threads.h"

namespace memseal::sys {
namespace {

using namespace std::string_view_literals;

/// A path made of parts; cut off, and so found nowhere, if it is too long.
class Path {
public:
  template <typename... Parts>
  explicit Path(Parts... parts) {
    TextWriter writer(text_);
    (add(writer, parts), ...);
    text_.back() = '\0';
  }
  const char *text() const { return text_.data(); }

private:
  static void add(TextWriter &writer, std::string_view part) {
    writer.text(part);
  }
  static void add(TextWriter &writer, int part) {
    writer.decimal(static_cast<std::uint64_t>(part));
  }
  std::array<char, 128> text_{};
};

/// "/proc/PID". /proc/self would be the first thread, which may have ended.
class Process {
public:
  explicit Process(int pid) {
    TextWriter writer(text_);
    if (pid == 0)
      writer.text("/proc/thread-self");
    else
      writer.text("/proc/").decimal(static_cast<std::uint64_t>(pid));
    size_ = writer.view().size();
  }
  std::string_view folder() const { return {text_.data(), size_}; }

private:
  std::array<char, 32> text_{};
  std::size_t size_;
};

/// statfs(2) or fstatfs(2). What has been closed meanwhile is none.
bool is_on_hugetlbfs(long number, auto file) {
  struct statfs about {};
  ReturnValue answer = call(number, file, &about);
  if (answer.failed())
    return answer.error() != ENOENT && answer.error() != EBADF;
  return about.f_type == HUGETLBFS_MAGIC;
}

/// Asked descriptor by descriptor, which costs a tenth of listing them.
bool has_one_open_itself() {
  MEMSEAL_LARGE_LOCAL std::array<char, 1024> buffer;
  auto status = read_proc("/proc/thread-self/status", buffer);
  if (!status)
    return true;
  auto size = leading_number(status_field(*status, "FDSize"));
  for (std::uint64_t fd = 0; size && fd < *size; ++fd) {
    if (is_on_hugetlbfs(SYS_fstatfs, fd))
      return true;
  }
  return !size;
}

bool has_one_open(std::string_view process) {
  auto files = IdList::open(Path(process, "/fd"sv).text());
  if (!files)
    return true;
  for (;;) {
    auto fd = files->next();
    if (!fd)
      return true;
    if (!*fd)
      return false;
    Path path(process, "/fd/"sv, **fd);
    if (is_on_hugetlbfs(SYS_statfs, path.text()))
      return true;
  }
}

/// Whether the file has the word. What is read at a time begins with the end of
/// what was read before, for the word may lie on the border.
bool mentions(const char *path, std::string_view word) {
  ReturnValue file = call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (file.failed())
    return true;
  MEMSEAL_LARGE_LOCAL std::array<char, 1024> buffer;
  std::size_t kept = 0;
  bool found = false;
  while (!found) {
    ReturnValue got =
        call(SYS_read, file.raw, buffer.data() + kept, buffer.size() - kept);
    found = got.failed();
    if (got.failed() || got.raw == 0)
      break;
    std::string_view text(buffer.data(),
                          kept + static_cast<std::size_t>(got.raw));
    found = text.find(word) != std::string_view::npos;
    kept = std::min(text.size(), word.size());
    std::copy(text.end() - kept, text.end(), buffer.begin());
  }
  call(SYS_close, file.raw);
  return found;
}

/// In mountinfo the type follows a lonely hyphen; blanks in names are escaped.
bool sees_hugetlbfs(std::string_view process) {
  return mentions(Path(process, "/mountinfo"sv).text(), " - hugetlbfs "sv);
}

/// Of any size: pages that are there, or would be made when they are wanted.
bool machine_has_huge_pages() {
  bool told = false;
  std::array<char, 32> buffer;
  for (int log_of_kib = 4; log_of_kib <= 24; ++log_of_kib) {
    for (std::string_view count :
         {"/nr_hugepages"sv, "/nr_overcommit_hugepages"sv}) {
      Path path("/sys/kernel/mm/hugepages/hugepages-"sv, 1 << log_of_kib,
                "kB"sv, count);
      auto text = read_proc(path.text(), buffer);
      if (!text && text.error().sys_errno == ENOENT)
        continue;
      if (!text || !text->starts_with("0\n"))
        return true;
      told = true;
    }
  }
  return !told;
}

}  // namespace

bool may_map_huge_files(int pid) {
  Process process(pid);
  return (pid == 0 ? has_one_open_itself() : has_one_open(process.folder())) ||
         (sees_hugetlbfs(process.folder()) && machine_has_huge_pages());
}

}  // namespace memseal::sys
