// SPDX-License-Identifier: Apache-2.0
#include "process/kept_images.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

namespace memseal::process {
namespace {

PageRange pages(Address first, std::size_t count) {
  return *PageRange::create(first << 12, count << 12, 4096);
}
KeptSeal seal(ImageIdentity image, ImageIdentity parent, Address first,
              std::size_t count = 1) {
  return {image, parent, first << 12, (first + count) << 12};
}
using Ranges = std::vector<PageRange>;

TEST(KeptImages, go_on_from_what_their_parent_held_by_then) {
  KeptImages images({seal(1, 0, 10), seal(1, 1, 12), seal(2, 1, 20),
                     seal(1, 1, 30), seal(3, 1, 40), seal(2, 2, 50)});
  EXPECT_EQ(images.sealed_in(1),
            (Ranges{pages(10, 1), pages(12, 1), pages(30, 1)}));
  EXPECT_EQ(images.sealed_in(2),
            (Ranges{pages(10, 1), pages(12, 1), pages(20, 1), pages(50, 1)}));
  EXPECT_EQ(images.sealed_in(3),
            (Ranges{pages(10, 1), pages(12, 1), pages(30, 1), pages(40, 1)}));
  EXPECT_FALSE(images.holds(4));
  EXPECT_EQ(images.sealed_in(4), Ranges{});
}

TEST(KeptImages, join_ranges_and_pass_over_what_is_none) {
  KeptImages images({seal(1, 0, 0, 0),
                     seal(1, 1, 12, 3),
                     seal(1, 1, 10, 2),
                     seal(1, 1, 13),
                     {1, 1, 0x9000, 0x1000},
                     {1, 1, 1, 2}});
  EXPECT_EQ(images.sealed_in(1), (Ranges{pages(10, 5)}));
}

TEST(KeptImages, are_read_from_the_keepers_memfd) {
  auto tell = [](const char *name, KeptSeal one) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    ASSERT_EQ(write(fd, &one, sizeof one), ssize_t{sizeof one});
  };
  tell("memseal-image", seal(7, 0, 1));
  EXPECT_EQ(KeptImages::of(getpid()).size(), 0u);
  tell(kept_images_name, seal(8, 0, 1));
  EXPECT_TRUE(KeptImages::of(getpid()).holds(8));
  EXPECT_EQ(KeptImages::of(-1).size(), 0u);
}

TEST(Identities, are_inaccessible_pages_of_files_with_their_name) {
  auto found = identities_in(Mappings::parse(
      "1000-2000 ---s 0 00:01 5 /memfd:memseal-image (deleted)\n"
      "2000-3000 r--s 0 00:01 6 /memfd:memseal-image (deleted)\n"
      "3000-4000 ---p 0 00:01 7 /memfd:memseal-image (deleted)\n"
      "4000-5000 ---s 0 00:01 8 /dev/zero (deleted)\n"
      "5000-6000 ---s 0 00:01 9 /memfd:memseal-images (deleted)\n",
      4096));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].inode, 5u);
  EXPECT_TRUE(found[0].named);
  EXPECT_EQ(found[1].inode, 8u);
  EXPECT_FALSE(found[1].named);
}

}  // namespace
}  // namespace memseal::process
