// SPDX-License-Identifier: Apache-2.0
#include "sys/descriptor_passing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace memseal::sys {
namespace {

TEST(DescriptorPassing, what_arrives_is_the_same_open_file) {
  int ends[2], pipe_ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ASSERT_EQ(pipe(pipe_ends), 0);
  ASSERT_TRUE(send_descriptor(ends[0], pipe_ends[1]));
  int arrived = receive_descriptor(ends[1]);
  ASSERT_GE(arrived, 0);
  EXPECT_NE(arrived, pipe_ends[1]);
  EXPECT_EQ(fcntl(arrived, F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(write(arrived, "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(pipe_ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  for (int fd : {ends[0], ends[1], pipe_ends[0], pipe_ends[1], arrived})
    close(fd);
}

TEST(DescriptorPassing, a_byte_without_one_and_a_closed_end_give_none) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ASSERT_EQ(write(ends[0], "x", 1), 1);
  EXPECT_EQ(receive_descriptor(ends[1]), -1);
  close(ends[0]);
  EXPECT_EQ(receive_descriptor(ends[1]), -1);
  EXPECT_FALSE(send_descriptor(ends[1], 0));
  close(ends[1]);
}

}  // namespace
}  // namespace memseal::sys
