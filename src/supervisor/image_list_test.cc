// SPDX-License-Identifier: Apache-2.0
#include "supervisor/image_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace memseal::supervisor {
namespace {

using process::KeptImages;

TEST(ImageList, tells_what_is_sealed_until_it_is_cleared) {
  ImageList list;
  EXPECT_EQ(KeptImages::of(getpid()).size(), 0u);
  list.add({7, 0, 0x1000, 0x2000});
  list.add({8, 7, 0x2000, 0x3000});
  KeptImages told = KeptImages::of(getpid());
  EXPECT_TRUE(told.holds(7));
  EXPECT_EQ(told.sealed_in(7).size(), 1u);
  ASSERT_EQ(told.sealed_in(8).size(), 1u);
  EXPECT_EQ(told.sealed_in(8)[0], *PageRange::create(0x1000, 0x2000, 0x1000));
  list.clear();
  EXPECT_EQ(KeptImages::of(getpid()).size(), 0u);
  list.add({9, 0, 0x1000, 0x2000});
  EXPECT_TRUE(KeptImages::of(getpid()).holds(9));
}

TEST(ImageList, is_gone_with_its_keeper) {
  {
    ImageList list;
    list.add({7, 0, 0x1000, 0x2000});
  }
  EXPECT_EQ(KeptImages::of(getpid()).size(), 0u);
}

}  // namespace
}  // namespace memseal::supervisor
