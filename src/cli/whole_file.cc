// SPDX-License-Identifier: Apache-2.0
#include "cli/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "report/report_file.h"
#include "sys/signals.h"

namespace memseal::cli {
namespace {

/// 0, or the errno.
int write_all(int fd, std::string_view text) {
  sys::DiscardedSignals no_death(sys::signal_bit(SIGXFSZ) |
                                 sys::signal_bit(SIGPIPE));
  while (!text.empty()) {
    ssize_t size = write(fd, text.data(), text.size());
    if (size < 0 && errno != EINTR)
      return errno;
    if (size > 0)
      text.remove_prefix(static_cast<std::size_t>(size));
  }
  return 0;
}

int write_in_place(const std::string &path, std::string_view text) {
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return errno;
  int error = write_all(fd, text);
  return close(fd) != 0 && error == 0 ? errno : error;
}

/// The draft's name ends otherwise than the file's: whoever reads a folder of
/// *.prom does not find it.
int replace(const std::string &path, std::string_view text) {
  std::string draft = fmt::format("{}.{}.new", path, getpid());
  unlink(draft.c_str());
  int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return errno;
  int error = write_all(fd, text);
  if (error == 0 && fsync(fd) != 0)
    error = errno;
  if (close(fd) != 0 && error == 0)
    error = errno;
  if (error == 0 && rename(draft.c_str(), path.c_str()) != 0)
    error = errno;
  if (error != 0)
    unlink(draft.c_str());
  return error;
}

}  // namespace

Refusable<void, process::Refusal> write_whole_file(const std::string &path,
                                                   std::string_view text) {
  struct stat about {};
  bool in_place = stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode);
  int error = in_place ? write_in_place(path, text) : replace(path, text);
  if (error != 0)
    return process::refuse(
        process::Cause::failed,
        fmt::format("'{}' cannot be written: {}", path,
                    report::why_unwritten(Error{Errc::system, error})));
  return {};
}

}  // namespace memseal::cli
