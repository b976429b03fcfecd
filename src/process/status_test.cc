// SPDX-License-Identifier: Apache-2.0
#include "process/status.h"

#include <gtest/gtest.h>

namespace memseal::process {
namespace {

// Of Linux 6.18, shortened.
constexpr std::string_view usual =
    "Name:\tsleep\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t41\nNgid:\t0\n"
    "Pid:\t42\nPPid:\t7\nTracerPid:\t9\nUid:\t1000\t1001\t1002\t1003\n"
    "Gid:\t5\t6\t7\t8\nFDSize:\t64\nNStgid:\t1\nVmPeak:\t    5520 kB\n"
    "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n";

TEST(Status, tells_what_the_kernel_wrote) {
  Status status = parse_status(usual);
  EXPECT_EQ(status.name, "sleep");
  EXPECT_EQ(status.state, 'S');
  EXPECT_EQ(status.process, 41);
  EXPECT_EQ(status.parent, 7);
  EXPECT_EQ(status.tracer, 9);
  EXPECT_TRUE(status.user.known);
  EXPECT_EQ(status.user.real, 1000u);
  EXPECT_EQ(status.user.effective, 1001u);
  EXPECT_EQ(status.user.saved, 1002u);
  EXPECT_EQ(status.group.real, 5u);
  EXPECT_EQ(status.seccomp_mode, 2);
  EXPECT_EQ(status.seccomp_filters, 3);
  EXPECT_FALSE(status.ended());
}

TEST(Status, of_an_ended_process_says_so) {
  EXPECT_TRUE(parse_status("Name:\tx\nState:\tZ (zombie)\n").ended());
  EXPECT_TRUE(parse_status("Name:\tx\nState:\tX (dead)\n").ended());
}

TEST(Status, lacks_what_the_text_lacks) {
  for (std::string_view text : {"", "Name:", "Uid:\n", "nothing of the kind"}) {
    Status status = parse_status(text);
    EXPECT_EQ(status.name, "");
    EXPECT_EQ(status.state, '?');
    EXPECT_EQ(status.process, 0);
    EXPECT_FALSE(status.user.known);
    EXPECT_EQ(status.seccomp_filters, 0);
  }
  EXPECT_FALSE(parse_status("Uid:\t12\t12").user.known);
}

// Linux, fs/proc/array.c: only newlines and backslashes are escaped.
TEST(Status, gives_the_name_as_the_process_chose_it) {
  EXPECT_EQ(parse_status("Name:\ta\\nState: Z\nState:\tR\n").name,
            "a\nState: Z");
  EXPECT_EQ(parse_status("Name:\ta\\\\n\n").name, "a\\n");
  EXPECT_EQ(parse_status("Name:\t  a \t\n").name, "  a \t");
  EXPECT_EQ(parse_status("Name:\t\033[2J\xff\n").name, "\033[2J\xff");
  EXPECT_EQ(parse_status("Name:\ta\\").name, "a\\");
}

TEST(Status, has_ids_that_are_one_if_all_three_are_the_same) {
  auto are_one = [](const char *text) {
    return parse_status(text).user.are_one();
  };
  EXPECT_TRUE(are_one("Uid:\t7\t7\t7\t8\n"));
  EXPECT_FALSE(are_one("Uid:\t7\t8\t7\t7\n"));
  EXPECT_FALSE(are_one("Uid:\t7\t7\t8\t7\n"));
  EXPECT_FALSE(are_one("Uid:\t8\t7\t7\t7\n"));
  // Who is not known is not root.
  EXPECT_FALSE(are_one("Uid:\t0\n"));
  EXPECT_FALSE(are_one(""));
}

TEST(Status, cannot_be_forged_by_a_name) {
  Status status = parse_status(
      "Name:\tx\\nSeccomp:\t2\\nUid:\t0\nState:\tR (running)\nTgid:\t8\n"
      "Uid:\t5\t6\t7\t8\nSeccomp:\t0\n");
  EXPECT_EQ(status.seccomp_mode, 0);
  EXPECT_EQ(status.user.real, 5u);
}

TEST(Status, takes_no_number_that_does_not_fit) {
  Status status = parse_status(
      "Tgid:\t2147483648\nPPid:\t99999999999999999999999\nTracerPid:\t-1\n"
      "Uid:\t4294967295\t4294967296\t0\t0\nSeccomp:\ttwo\n");
  EXPECT_EQ(status.process, 0);
  EXPECT_EQ(status.parent, 0);
  EXPECT_EQ(status.tracer, 0);
  EXPECT_FALSE(status.user.known);
  EXPECT_EQ(status.seccomp_mode, 0);
}

}  // namespace
}  // namespace memseal::process
