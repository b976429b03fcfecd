// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "support/child_check.h"
#include "support/in_child.h"
#include "sys/standard_streams.h"

namespace memseal::cli {
namespace {

using test::in_child;

/// A pipe in place of a stream. Used in children only.
class Caught {
public:
  explicit Caught(int stream) {
    int ends[2];
    CHILD_ASSERT_EQ(pipe(ends), 0);
    reader_ = ends[0];
    dup2(ends[1], stream);
    close(ends[1]);
  }
  std::string take() const {
    char bytes[4096];
    ssize_t size = read(reader_, bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(size > 0 ? size : 0)};
  }
  void close_reader() const { close(reader_); }

private:
  int reader_;
};

TEST(Output, is_written_at_once_and_whole) {
  in_child([] {
    Caught out(1), error(2);
    print("{} of {}\n", 1, 2);
    CHILD_ASSERT_EQ(out.take(), "1 of 2\n");
    print("as it {is}\n");
    CHILD_ASSERT_EQ(out.take(), "as it {is}\n");
    CHILD_ASSERT_FALSE(answer_is_lost());
  });
}

TEST(Output, of_names_to_standard_error_is_one_line) {
  in_child([] {
    Caught error(2);
    complain("'{}' is not there", "a\nmemseal: b\x1b[2J");
    CHILD_ASSERT_EQ(error.take(),
                    "memseal: 'a\\012memseal: b\\033[2J' is not there\n");
  });
}

TEST(Output, that_is_closed_is_no_failure) {
  in_child([] {
    close(1);
    close(2);
    print("x");
    complain("y");
    CHILD_ASSERT_FALSE(answer_is_lost());
    sys::hold_closed_streams();
    print("x");
    complain("y");
    CHILD_ASSERT_FALSE(answer_is_lost());
  });
}

TEST(Output, that_cannot_be_written_is_told_with_the_reason) {
  in_child([] {
    Caught error(2);
    dup2(open("/dev/full", O_WRONLY), 1);
    print("x");
    print("y");
    CHILD_ASSERT_TRUE(answer_is_lost());
    CHILD_ASSERT_EQ(error.take(),
                    "memseal: standard output cannot be written: no space is "
                    "left\n");
  });
}

TEST(Output, of_a_sentence_does_not_wait_for_who_does_not_read) {
  in_child(
      [] {
        Caught error(2);
        fcntl(2, F_SETFL, O_NONBLOCK);
        char bytes[4096] = {};
        while (write(2, bytes, sizeof bytes) > 0) {
        }
        fcntl(2, F_SETFL, 0);
        complain("there is no room for this");
        CHILD_ASSERT_EQ(fcntl(2, F_GETFL) & O_NONBLOCK, 0);
      },
      30);
}

TEST(Output, to_standard_error_that_fails_ends_nobody) {
  in_child([] {
    Caught error(2);
    error.close_reader();
    complain("nobody reads this");
    print_error("nor this");
    CHILD_ASSERT_FALSE(answer_is_lost());
  });
}

TEST(Output, to_a_file_that_may_not_grow_is_lost_and_ends_nobody) {
  in_child([] {
    std::string path =
        testing::TempDir() + "memseal-output" + std::to_string(getpid());
    dup2(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600), 1);
    unlink(path.c_str());
    rlimit none{};
    setrlimit(RLIMIT_FSIZE, &none);
    print("x");
    CHILD_ASSERT_TRUE(answer_is_lost());
  });
}

}  // namespace
}  // namespace memseal::cli
