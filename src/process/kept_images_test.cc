// SPDX-License-Identifier: Apache-2.0
#include "process/kept_images.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "process/proc_files.h"

namespace memseal::process {
namespace {

TEST(ImageIdentity, is_another_one_wherever_a_byte_differs) {
  std::string vector(320, '\0');
  std::set<ImageIdentity> seen{identity_of(vector)};
  for (std::size_t i = 0; i < vector.size(); ++i) {
    std::string other = vector;
    other[i] = '\1';
    EXPECT_TRUE(seen.insert(identity_of(other)).second) << i;
  }
  EXPECT_TRUE(seen.insert(identity_of(vector + '\0')).second);
}

TEST(ImageIdentity, of_nothing_is_none) {
  EXPECT_EQ(identity_of(""), 0u);
}

TEST(ImageIdentity, is_shared_by_forks) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    char byte;
    close(ends[1]);
    _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  EXPECT_EQ(identity_of(text_of(child, "auxv")),
            identity_of(text_of(getpid(), "auxv")));
  EXPECT_NE(identity_of(text_of(child, "auxv")), 0u);
  close(ends[0]);
  close(ends[1]);
}

/// This process keeps these images.
void tell(const char *name, const std::vector<ImageIdentity> &images) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  std::size_t size = images.size() * sizeof images[0];
  ASSERT_EQ(write(fd, images.data(), size), static_cast<ssize_t>(size));
}

TEST(KeptImages, are_read_in_order_from_the_keepers_memfd) {
  EXPECT_TRUE(kept_images_of(getpid()).empty());
  tell("memseal-image", {1, 2});
  EXPECT_TRUE(kept_images_of(getpid()).empty());
  tell(kept_images_name, {30, 10, 20});
  EXPECT_EQ(kept_images_of(getpid()), (std::vector<ImageIdentity>{10, 20, 30}));
  EXPECT_TRUE(kept_images_of(-1).empty());
}

}  // namespace
}  // namespace memseal::process
