// SPDX-License-Identifier: Apache-2.0
// S-33: where a file of huge pages can come from.
#include "sys/huge_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "support/huge_pages.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

/// Told apart from what is tested: the tests would skip where it is broken.
bool huge_files_are_mounted() {
  std::ifstream mounts("/proc/self/mountinfo");
  std::string text{std::istreambuf_iterator<char>(mounts), {}};
  return text.find(" - hugetlbfs ") != text.npos;
}

constexpr const char *one_is_mounted =
    "a hugetlbfs is mounted here, and has pages to give";
constexpr const char *no_huge_pages =
    "this kernel has no huge pages (CONFIG_HUGETLBFS)";

/// Nothing that the machine has is in the way of the test.
void skip_where_possible_already() {
  if (sys::may_map_huge_files(0)) {
    CHILD_ASSERT_TRUE(huge_files_are_mounted());
    CHILD_SKIP(one_is_mounted);
  }
}

TEST(HugeFiles, one_that_is_open_may_be_mapped) {
  in_child([] {
    skip_where_possible_already();
    int fd = memfd_create("huge", MFD_HUGETLB);
    if (fd == -1)
      CHILD_SKIP(no_huge_pages);
    CHILD_ASSERT_TRUE(sys::may_map_huge_files(0));
    // Also if the thread that asks is not the first, which may have ended.
    std::thread([] { CHILD_ASSERT_TRUE(sys::may_map_huge_files(0)); }).join();
    close(fd);
    CHILD_ASSERT_FALSE(sys::may_map_huge_files(0));
  });
}

TEST(HugeFiles, one_that_is_open_in_another_process_may_be_mapped_there) {
  in_child([] {
    skip_where_possible_already();
    int ready[2];
    CHILD_ASSERT_EQ(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
      char there = memfd_create("huge", MFD_HUGETLB) == -1 ? 'n' : 'y';
      if (write(ready[1], &there, 1) == 1)
        pause();
      _exit(0);
    }
    char there = 0;
    CHILD_ASSERT_EQ(read(ready[0], &there, 1), 1);
    bool in_other = sys::may_map_huge_files(child);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (there == 'n')
      CHILD_SKIP(no_huge_pages);
    CHILD_ASSERT_TRUE(in_other);
    CHILD_ASSERT_FALSE(sys::may_map_huge_files(0));
  });
}

TEST(HugeFiles, a_mounted_filesystem_counts_if_there_are_pages_for_it) {
  FreeHugePages free(1);
  if (free.missing())
    GTEST_SKIP() << free.missing();
  in_child([] {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      CHILD_SKIP("no right to mount");
    while (umount2("/dev/hugepages", MNT_DETACH) == 0) {
    }
    skip_where_possible_already();
    CHILD_ASSERT_EQ(mount("none", "/proc/sys", "hugetlbfs", 0, nullptr), 0);
    CHILD_ASSERT_TRUE(sys::may_map_huge_files(0));
  });
}

TEST(HugeFiles, a_process_that_cannot_be_looked_into_may_have_one) {
  EXPECT_TRUE(sys::may_map_huge_files(0x7fffffff));
}

}  // namespace
}  // namespace memseal::test
