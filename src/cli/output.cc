// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "report/document_tool.h"
#include "report/report_file.h"
#include "sys/signals.h"

namespace memseal::cli {
namespace {

/// Of the first write that failed.
int lost_answer = 0;

constexpr int for_ever = -1, briefly_ms = 100;

/// Gives up when there was no room for so long. A pipe in which poll(2) sees
/// room takes PIPE_BUF bytes at least. 0, or the errno.
int write_all(int fd, std::string_view text, int patience_ms) {
  while (!text.empty()) {
    // O_NONBLOCK may be set by whoever has the stream as well.
    pollfd room{fd, POLLOUT, 0};
    int ready = poll(&room, 1, patience_ms);
    if (ready == 0)
      return EAGAIN;
    std::string_view piece = text.substr(0, PIPE_BUF);
    ssize_t size = ready < 0 ? -1 : write(fd, piece.data(), piece.size());
    if (size >= 0)
      text.remove_prefix(static_cast<std::size_t>(size));
    else if (errno != EAGAIN && errno != EINTR)
      return errno;
  }
  return 0;
}

void to_standard_error(std::string_view text, int patience_ms) {
  sys::DiscardedSignals no_death(sys::signal_bit(SIGPIPE) |
                                 sys::signal_bit(SIGXFSZ));
  static_cast<void>(write_all(STDERR_FILENO, text, patience_ms));
}

}  // namespace

void print(std::string_view text) {
  if (lost_answer != 0)
    return;
  sys::DiscardedSignals no_death(sys::signal_bit(SIGXFSZ));
  int error = write_all(STDOUT_FILENO, text, for_ever);
  if (error != EBADF)
    lost_answer = error;
}

void print_error(std::string_view text) {
  to_standard_error(text, for_ever);
}

void complain(std::string_view sentence) {
  to_standard_error("memseal: " + report::printable(sentence) + '\n',
                    briefly_ms);
}

int refuse(int code, std::string_view sentence) {
  complain(sentence);
  return code;
}

bool answer_is_lost() {
  if (lost_answer == 0)
    return false;
  complain("standard output cannot be written: {}",
           report::why_unwritten(Error{Errc::system, lost_answer}));
  return true;
}

}  // namespace memseal::cli
