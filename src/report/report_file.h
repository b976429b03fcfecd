// SPDX-License-Identifier: Apache-2.0
// Where reports go. A report serves the program's owner, so it must not harm
// the program:
//
//   nobody reads      A FIFO is not waited for. A full pipe is, for a bounded
//                     time; then the lines are lost, and the caller hears of
//                     it.
//   the reader left   No SIGPIPE; nor SIGXFSZ where a file may not grow.
//   descriptor 2      It is standard error only as long as it leads where it
//                     led when the report was asked for. A program that closes
//                     it and opens a file gets that number, and no line of ours
//                     in its file: whoever asks for "-" later compares.
//
// O_NONBLOCK belongs to the open file, not to the descriptor, so it cannot be
// set on a standard error that is shared with others. A pipe is opened once
// more instead, through /proc.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/file_identity.h"
#include "memseal/error.h"

namespace memseal::report {

/// None if the descriptor is closed.
std::optional<FileIdentity> identity_of(int fd);

/// How long to wait for a reader, if there is no room. By default programs are
/// not held up by more than they notice; where a lost line is a failure they
/// are.
enum class Patience : unsigned {
  none_ms = 0,
  short_ms = 100,
  long_ms = 10'000
};

/// A file that lines are appended to; none is opened over descriptors 0 to 2.
///
/// Context: anywhere, before main included.
class ReportFile {
public:
  /// `file` is a path, or "-": standard error.
  ///
  /// Errors:  system: as open(2); EBADF standard error is closed; ENXIO a FIFO
  ///          that nobody reads.
  static Result<ReportFile> open(const char *file);

  ReportFile(ReportFile &&other) noexcept;
  ReportFile &operator=(ReportFile &&other) noexcept;
  ~ReportFile();

  /// Appends whole lines: to a pipe as many at once as it takes without mixing
  /// them with those of others (PIPE_BUF).
  ///
  /// Errors:  system: as write(2); EAGAIN there was no room. Some lines may be
  ///          written then; the next call begins a new one.
  Result<void> append(std::string_view lines, Patience patience);

  int descriptor() const { return fd_; }

private:
  /// `shared` may block, so it is asked first whether it would.
  enum class Kind : std::uint8_t { file, own_stream, shared_stream, socket };
  ReportFile(int fd, Kind kind) : fd_(fd), kind_(kind) {}
  static Result<ReportFile> open_standard_error();
  Result<std::size_t> write_some(std::string_view bytes, timespec &left) const;

  int fd_;
  Kind kind_;
  bool torn_ = false;  ///< what was written last does not end a line
};

/// Words for what `open` and `append` refuse: "there is no such folder"; static
/// storage, no full stop.
const char *why_unwritten(const Error &error);

}  // namespace memseal::report
