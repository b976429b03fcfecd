// SPDX-License-Identifier: Apache-2.0
#include "report/report_file.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <utility>

#include "sys/signals.h"
#include "sys/standard_streams.h"
#include "sys/syscall.h"

namespace memseal::report {
namespace {

constexpr int standard_error = 2, first_of_ours = 3;
constexpr int open_flags =
    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

/// statx, because struct stat is libc's idea and differs by architecture.
Result<struct statx> look_at(int fd) {
  if (!sys::is_open(fd))
    return fail(Errc::system, EBADF);
  struct statx status {};
  MEMSEAL_TRY(sys::result(sys::call(SYS_statx, fd, "", AT_EMPTY_PATH,
                                    STATX_TYPE | STATX_INO, &status)));
  return status;
}

Result<int> duplicate(int fd) {
  return static_cast<int>(MEMSEAL_TRY(
      sys::result(sys::call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, first_of_ours))));
}

Result<int> open_path(const char *path, int flags) {
  long fd = MEMSEAL_TRY(
      sys::result(sys::call(SYS_openat, AT_FDCWD, path, flags, 0666)));
  if (fd >= first_of_ours)
    return static_cast<int>(fd);
  auto moved = duplicate(static_cast<int>(fd));
  sys::call(SYS_close, fd);
  return moved;
}

/// The longest run of whole lines that a pipe takes in one piece, or the first
/// line if that is longer.
std::string_view piece_of(std::string_view lines) {
  std::size_t end = lines.substr(0, PIPE_BUF).rfind('\n');
  if (end == std::string_view::npos)
    end = lines.find('\n');
  return end == std::string_view::npos ? lines : lines.substr(0, end + 1);
}

/// False when the time is up, of which the kernel leaves what is left.
/// Source: ppoll(2), "C library/kernel differences".
bool wait_for_room(int fd, timespec &left) {
  pollfd wanted{fd, POLLOUT, 0};
  for (;;) {
    sys::ReturnValue ready =
        sys::call(SYS_ppoll, &wanted, 1, &left, nullptr, 0);
    if (ready.error() != EINTR)
      return ready.raw > 0;
  }
}

}  // namespace

std::optional<FileIdentity> identity_of(int fd) {
  auto status = look_at(fd);
  if (!status)
    return std::nullopt;
  return FileIdentity{.device = std::uint64_t{status->stx_dev_major} << 32 |
                                status->stx_dev_minor,
                      .inode = status->stx_ino};
}

ReportFile::ReportFile(ReportFile &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      kind_(other.kind_),
      torn_(other.torn_) {}

ReportFile &ReportFile::operator=(ReportFile &&other) noexcept {
  std::swap(fd_, other.fd_);
  kind_ = other.kind_;
  torn_ = other.torn_;
  return *this;
}

ReportFile::~ReportFile() {
  if (fd_ >= 0)
    sys::call(SYS_close, fd_);
}

Result<ReportFile> ReportFile::open_standard_error() {
  auto status = MEMSEAL_TRY(look_at(standard_error));
  if (S_ISFIFO(status.stx_mode)) {
    if (auto fd = open_path("/proc/self/fd/2", open_flags))
      return ReportFile(*fd, Kind::own_stream);
  }
  int fd = MEMSEAL_TRY(duplicate(standard_error));
  Kind kind = S_ISREG(status.stx_mode)    ? Kind::file
              : S_ISSOCK(status.stx_mode) ? Kind::socket
                                          : Kind::shared_stream;
  return ReportFile(fd, kind);
}

Result<ReportFile> ReportFile::open(const char *file) {
  if (std::string_view(file) == "-")
    return open_standard_error();
  int fd = MEMSEAL_TRY(open_path(file, open_flags | O_CREAT));
  auto status = look_at(fd);
  bool is_file = status && S_ISREG(status->stx_mode);
  return ReportFile(fd, is_file ? Kind::file : Kind::own_stream);
}

Result<std::size_t> ReportFile::write_some(std::string_view bytes,
                                           timespec &left) const {
  for (;;) {
    if (kind_ == Kind::shared_stream && !wait_for_room(fd_, left))
      return fail(Errc::system, EAGAIN);
    sys::ReturnValue written =
        kind_ == Kind::socket
            ? sys::call(SYS_sendto, fd_, bytes.data(), bytes.size(),
                        MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0)
            : sys::call(SYS_write, fd_, bytes.data(), bytes.size());
    if (!written.failed())
      return static_cast<std::size_t>(written.raw);
    bool once_more = written.error() == EINTR ||
                     (written.error() == EAGAIN && wait_for_room(fd_, left));
    if (!once_more)
      return fail(Errc::system, written.error());
  }
}

Result<void> ReportFile::append(std::string_view lines, Patience patience) {
  sys::DiscardedSignals no_death(sys::signal_bit(SIGPIPE) |
                                 sys::signal_bit(SIGXFSZ));
  const auto milliseconds = static_cast<long>(patience);
  timespec left{milliseconds / 1'000, milliseconds % 1'000 * 1'000'000};
  if (torn_)
    MEMSEAL_TRY(write_some("\n", left));
  torn_ = false;
  while (!lines.empty()) {
    std::string_view piece = kind_ == Kind::file ? lines : piece_of(lines);
    std::size_t size = MEMSEAL_TRY(write_some(piece, left));
    if (size > 0)
      torn_ = piece[size - 1] != '\n';
    lines.remove_prefix(size);
  }
  return {};
}

const char *why_unwritten(const Error &error) {
  switch (error.to_errno()) {
    case ENOENT:
    case ENOTDIR:
      return "there is no such folder";
    case EACCES:
    case EPERM:
      return "permission denied";
    case EROFS:
      return "the file system is read-only";
    case EISDIR:
      return "it is a folder";
    case ENAMETOOLONG:
      return "its name is too long";
    case ENXIO:
      return "nobody reads from it";
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return "its reader has left";
    case EAGAIN:
      return "its reader does not read";
    case ENOSPC:
    case EDQUOT:
      return "no space is left";
    case EFBIG:
      return "it may not grow any more";
    case EMFILE:
    case ENFILE:
      return "too many files are open";
    case EBADF:
      return "it is closed";
    default:
      return "the kernel refuses";
  }
}

}  // namespace memseal::report
