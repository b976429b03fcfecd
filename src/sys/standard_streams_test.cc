// SPDX-License-Identifier: Apache-2.0
#include "sys/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/child_check.h"
#include "support/in_child.h"

namespace memseal::sys {
namespace {

using test::in_child;

TEST(StandardStreams, that_are_closed_are_given_to_no_file) {
  in_child([] {
    close(0);
    close(2);
    CHILD_ASSERT_EQ(open("/", O_RDONLY), 0);  // the control
    close(0);
    hold_closed_streams();
    CHILD_ASSERT_GT(open("/", O_RDONLY), 2);
    CHILD_ASSERT_TRUE(!is_open(0));
    CHILD_ASSERT_TRUE(is_open(1));
    CHILD_ASSERT_TRUE(!is_open(2));
    CHILD_ASSERT_EQ(write(2, "x", 1), -1);
    CHILD_ASSERT_EQ(errno, EBADF);
    char byte;
    CHILD_ASSERT_EQ(read(0, &byte, 1), -1);
    CHILD_ASSERT_EQ(errno, EBADF);
  });
}

TEST(StandardStreams, stay_closed_for_what_is_executed) {
  EXPECT_EQ(in_child([] {
              close(0);
              close(1);
              hold_closed_streams();
              execl("/bin/sh", "sh", "-c",
                    "[ ! -e /proc/self/fd/0 ] && [ ! -e /proc/self/fd/1 ] && "
                    "[ -e /proc/self/fd/2 ] && exit 7",
                    nullptr);
              return 1;
            }),
            7);
}

TEST(StandardStreams, that_are_open_are_left_alone) {
  in_child([] {
    int before = fcntl(1, F_GETFL);
    hold_closed_streams();
    CHILD_ASSERT_EQ(fcntl(1, F_GETFL), before);
    CHILD_ASSERT_EQ(fcntl(1, F_GETFD), 0);
  });
}

}  // namespace
}  // namespace memseal::sys
