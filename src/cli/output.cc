// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

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

/// 0, or the errno. O_NONBLOCK may be set by whoever has the stream as well.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t size = write(fd, text.data(), text.size());
    if (size >= 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

void print(std::string_view text) {
  if (lost_answer != 0)
    return;
  sys::DiscardedSignals no_death(sys::signal_bit(SIGXFSZ));
  int error = write_all(STDOUT_FILENO, text);
  if (error != EBADF)
    lost_answer = error;
}

void print_error(std::string_view text) {
  sys::DiscardedSignals no_death(sys::signal_bit(SIGPIPE) |
                                 sys::signal_bit(SIGXFSZ));
  static_cast<void>(write_all(STDERR_FILENO, text));
}

void complain(std::string_view sentence) {
  print_error("memseal: " + report::printable(sentence) + '\n');
}

bool answer_is_lost() {
  if (lost_answer == 0)
    return false;
  complain("standard output cannot be written: {}",
           report::why_unwritten(Error{Errc::system, lost_answer}));
  return true;
}

}  // namespace memseal::cli
