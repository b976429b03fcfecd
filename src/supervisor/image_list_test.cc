// SPDX-License-Identifier: Apache-2.0
#include "supervisor/image_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "process/proc_files.h"

namespace memseal::supervisor {
namespace {

using process::ImageIdentity;
using process::kept_images_of;

TEST(ImageList, tells_of_each_image_once_and_of_its_forks_too) {
  std::vector<ImageIdentity> own{
      process::identity_of(process::text_of(getpid(), "auxv"))};
  ImageList list;
  EXPECT_TRUE(kept_images_of(getpid()).empty());
  list.add(getpid());
  EXPECT_EQ(kept_images_of(getpid()), own);
  list.add(getpid());
  EXPECT_EQ(kept_images_of(getpid()), own);
  list.add(getppid());
  EXPECT_LE(kept_images_of(getpid()).size(), 2u);
}

TEST(ImageList, is_gone_with_its_keeper) {
  {
    ImageList list;
    list.add(getpid());
  }
  EXPECT_TRUE(kept_images_of(getpid()).empty());
}

TEST(ImageList, leaves_out_what_it_may_not_look_into) {
  ImageList list;
  list.add(0);
  EXPECT_TRUE(kept_images_of(getpid()).empty());
}

}  // namespace
}  // namespace memseal::supervisor
