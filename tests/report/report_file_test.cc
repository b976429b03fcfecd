// SPDX-License-Identifier: Apache-2.0
// A report that cannot be written is an error that is told, and harms nobody.
#include "report/report_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "support/in_child.h"

namespace memseal::report {
namespace {

using memseal::test::in_child;

/// A pipe as standard error. Used in children only.
struct PipeAsError {
  int reader = -1;
  PipeAsError() {
    int ends[2];
    if (pipe(ends) != 0)
      return;
    reader = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
  }
  /// Whoever else writes to it may block, as shells expect.
  static bool blocks() {
    return (fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0;
  }
  void fill() const {
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    char bytes[4096] = {};
    while (write(STDERR_FILENO, bytes, sizeof bytes) > 0) {
    }
    fcntl(STDERR_FILENO, F_SETFL, 0);
  }
  std::string take() const {
    char bytes[65536];
    ssize_t size = read(reader, bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(size > 0 ? size : 0)};
  }
};

std::string temporary(const char *name) {
  return testing::TempDir() + "memseal-" + name + std::to_string(getpid());
}

int error_of(const Result<void> &result) {
  return result ? 0 : result.error().to_errno();
}
int error_of(const Result<ReportFile> &result) {
  return result ? 0 : result.error().to_errno();
}

TEST(ReportFile, appends_what_it_is_given) {
  std::string path = temporary("appended");
  for (const char *line : {"one\n", "two\n"}) {
    auto file = ReportFile::open(path.c_str());
    ASSERT_TRUE(file);
    EXPECT_GT(file->descriptor(), 2);
    EXPECT_NE(fcntl(file->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_TRUE(file->append(line, Patience::none_ms));
  }
  char bytes[64] = {};
  int fd = open(path.c_str(), O_RDONLY);
  EXPECT_EQ(read(fd, bytes, sizeof bytes), 8);
  EXPECT_STREQ(bytes, "one\ntwo\n");
  close(fd);
  unlink(path.c_str());
}

TEST(ReportFile, that_cannot_be_opened_says_why) {
  EXPECT_EQ(error_of(ReportFile::open("/nowhere/at/all")), ENOENT);
  EXPECT_EQ(error_of(ReportFile::open("/tmp")), EISDIR);
  EXPECT_EQ(error_of(ReportFile::open(std::string(5000, 'x').c_str())),
            ENAMETOOLONG);
}

TEST(ReportFile, does_not_wait_for_a_reader_of_a_fifo) {
  std::string path = temporary("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(
      in_child([&] { return error_of(ReportFile::open(path.c_str())); }, 20),
      ENXIO);
  int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  auto file = ReportFile::open(path.c_str());  // control: with a reader
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->append("x\n", Patience::none_ms));
  close(reader);
  unlink(path.c_str());
}

TEST(ReportFile, on_a_full_disk_is_an_error) {
  auto file = ReportFile::open("/dev/full");
  ASSERT_TRUE(file);
  EXPECT_EQ(error_of(file->append("x\n", Patience::none_ms)), ENOSPC);
}

TEST(ReportFile, is_not_ended_by_a_limit_on_file_sizes) {
  std::string path = temporary("limited");
  EXPECT_EQ(in_child([&] {
              rlimit limit{4, 4};
              setrlimit(RLIMIT_FSIZE, &limit);
              auto file = ReportFile::open(path.c_str());
              if (!file || !file->append("one\n", Patience::none_ms))
                return 1;
              return error_of(file->append("two\n", Patience::none_ms)) == EFBIG
                         ? 0
                         : 2;
            }),
            0);
  unlink(path.c_str());
}

TEST(ReportFile,
     waits_for_a_full_pipe_for_a_bounded_time_and_loses_whole_lines) {
  EXPECT_EQ(
      in_child([] {
        PipeAsError pipe;
        auto file = ReportFile::open("-");
        if (!file || !file->append("first\n", Patience::none_ms))
          return 1;
        if (pipe.take() != "first\n")
          return 2;
        pipe.fill();
        auto began = std::chrono::steady_clock::now();
        if (error_of(file->append("lost\n", Patience::short_ms)) != EAGAIN)
          return 3;
        auto took = std::chrono::steady_clock::now() - began;
        if (took < std::chrono::milliseconds(50))
          return 4;
        pipe.take();
        if (!file->append("last\n", Patience::none_ms))
          return 5;
        if (!PipeAsError::blocks())
          return 6;
        return pipe.take() == "last\n" ? 0 : 7;
      }),
      0);
}

TEST(ReportFile, ends_a_line_that_a_pipe_took_half_of) {
  EXPECT_EQ(in_child([] {
              PipeAsError pipe;
              auto file = ReportFile::open("-");
              std::string longer_than_a_pipe(100'000, 'x');
              longer_than_a_pipe += '\n';
              if (error_of(file->append(longer_than_a_pipe,
                                        Patience::none_ms)) != EAGAIN)
                return 1;
              if (pipe.take().find('\n') != std::string::npos)
                return 2;
              if (!file->append("next\n", Patience::none_ms))
                return 3;
              return pipe.take() == "\nnext\n" ? 0 : 4;
            }),
            0);
}

TEST(ReportFile, is_not_ended_by_a_reader_that_leaves) {
  EXPECT_EQ(in_child([] {
              PipeAsError pipe;
              auto file = ReportFile::open("-");
              close(pipe.reader);
              if (error_of(file->append("x\n", Patience::none_ms)) != EPIPE)
                return 1;
              int ends[2];
              socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
              dup2(ends[0], STDERR_FILENO);
              close(ends[0]);
              auto socket = ReportFile::open("-");
              if (!socket->append("x\n", Patience::none_ms))
                return 2;
              close(ends[1]);
              return error_of(socket->append("x\n", Patience::none_ms)) == EPIPE
                         ? 0
                         : 3;
            }),
            0);
}

TEST(ReportFile, leaves_a_signal_alone_that_was_pending_before) {
  EXPECT_EQ(in_child([] {
              sigset_t pipe, pending;
              sigemptyset(&pipe);
              sigaddset(&pipe, SIGPIPE);
              sigprocmask(SIG_BLOCK, &pipe, nullptr);
              raise(SIGPIPE);
              auto file = ReportFile::open("/dev/null");
              if (!file->append("x\n", Patience::none_ms))
                return 1;
              sigpending(&pending);
              return sigismember(&pending, SIGPIPE) == 1 ? 0 : 2;
            }),
            0);
}

TEST(ReportFile, is_not_opened_where_standard_streams_belong) {
  EXPECT_EQ(in_child([] {
              for (int fd : {0, 1, 2})
                close(fd);
              if (error_of(ReportFile::open("-")) != EBADF)
                return 1;
              auto file = ReportFile::open("/dev/null");
              return file && file->descriptor() > 2 && fcntl(0, F_GETFD) < 0 &&
                             fcntl(2, F_GETFD) < 0
                         ? 0
                         : 2;
            }),
            0);
}

TEST(Identity, is_that_of_the_file_behind_a_descriptor) {
  EXPECT_EQ(in_child([] {
              PipeAsError pipe;
              auto before = identity_of(2);
              int copy = dup(2);
              if (!before || identity_of(copy) != before)
                return 1;
              dup2(open("/dev/null", O_WRONLY), 2);
              if (identity_of(2) == before)
                return 2;
              close(2);
              return identity_of(2) ? 3 : 0;
            }),
            0);
}

}  // namespace
}  // namespace memseal::report
