// SPDX-License-Identifier: Apache-2.0
#include "process/mappings.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace memseal::process {
namespace {

constexpr std::size_t page = 0x1000;

Mappings of(std::string_view text) {
  return Mappings::parse(text, page);
}

PageRange pages(Address begin, Address end) {
  return *PageRange::create(begin, end - begin, page);
}

constexpr std::string_view usual =
    "1000-3000 r--p 00000000 08:01 7    /usr/lib/a.so\n"
    "VmFlags: rd mr sl \n"
    "3000-4000 r-xp 00002000 08:01 7    /usr/lib/a.so\n"
    "VmFlags: rd ex dd rr sl \n"
    "6000-8000 rw-p 00000000 00:00 0 \n"
    "VmFlags: rd wr dd \n";

TEST(Mappings, keep_names_and_flags_of_a_text_that_is_gone) {
  std::string text(usual);
  Mappings all = of(text);
  text.assign(text.size(), '#');
  ASSERT_EQ(all.mappings().size(), 3u);
  EXPECT_EQ(all.mappings()[0].name, "/usr/lib/a.so");
  EXPECT_EQ(all.mappings()[2].name, "");
  EXPECT_EQ(all.mappings()[1].seal, KernelSeal::present);
  EXPECT_EQ(all.mappings()[2].seal, KernelSeal::absent);
}

TEST(Mappings, leave_out_what_makes_no_sense) {
  Mappings all =
      of("1000-2000 r--p 00000000 00:00 0 a\n"
         "what is this\n"
         "1800-2800 r--p 00000000 00:00 0 not whole pages\n"
         "1000-2000 r--p 00000000 00:00 0 once more\n"
         "5000-6000 r--p 00000000 00:00 0 b\n"
         "2000-3000 r--p 00000000 00:00 0 backwards\n");
  ASSERT_EQ(all.mappings().size(), 2u);
  EXPECT_EQ(all.mappings()[0].name, "a");
  EXPECT_EQ(all.mappings()[1].name, "b");
  Mappings none = of("");
  EXPECT_TRUE(none.mappings().empty());
}

TEST(Mappings, are_found_by_an_address_inside) {
  Mappings all = of(usual);
  EXPECT_EQ(all.find(0xfff), nullptr);
  EXPECT_EQ(all.find(0x1000), &all.mappings()[0]);
  EXPECT_EQ(all.find(0x2fff), &all.mappings()[0]);
  EXPECT_EQ(all.find(0x3000), &all.mappings()[1]);
  EXPECT_EQ(all.find(0x4000), nullptr);
  EXPECT_EQ(all.find(0x7fff), &all.mappings()[2]);
  EXPECT_EQ(all.find(0x8000), nullptr);
  EXPECT_EQ(of("").find(0), nullptr);
}

TEST(Mappings, overlap_a_range_if_they_share_a_page_with_it) {
  Mappings all = of(usual);
  EXPECT_EQ(all.overlapping(pages(0, 0x1000)).size(), 0u);
  EXPECT_EQ(all.overlapping(pages(0x4000, 0x6000)).size(), 0u);
  EXPECT_EQ(all.overlapping(pages(0x8000, 0x9000)).size(), 0u);
  EXPECT_EQ(all.overlapping(pages(0, 0x9000)).size(), 3u);
  auto two = all.overlapping(pages(0x2000, 0x4000));
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two.data(), all.mappings().data());
  EXPECT_EQ(all.overlapping(pages(0x3000, 0x7000)).size(), 2u);
}

TEST(Mappings, are_sealed_as_a_range_without_hole_or_exception) {
  Mappings all = of(usual);
  EXPECT_TRUE(all.all_sealed(pages(0x1000, 0x4000)));
  EXPECT_TRUE(all.all_sealed(pages(0x2000, 0x3000)));
  EXPECT_FALSE(all.all_sealed(pages(0, 0x2000)));
  EXPECT_FALSE(all.all_sealed(pages(0x3000, 0x5000)));
  EXPECT_FALSE(all.all_sealed(pages(0x3000, 0x7000)));
  EXPECT_FALSE(all.all_sealed(pages(0x6000, 0x7000)));
  EXPECT_FALSE(all.all_sealed(pages(0x4000, 0x6000)));
}

TEST(Mappings, have_plain_names_without_the_kernels_escapes) {
  Mappings all =
      of("1000-2000 r--p 00000000 08:01 7    /tmp/a\\012b\\134 \\9\n"
         "2000-3000 r--p 00000000 00:00 0 \n");
  EXPECT_EQ(plain_name(all.mappings()[0]), "/tmp/a\nb\\ \\9");
  EXPECT_EQ(plain_name(all.mappings()[1]), "");
}

TEST(Mappings, of_a_living_process_hold_its_code) {
  auto all = Mappings::read(getpid(), sys::ReadSeals::with_seals);
  ASSERT_TRUE(all);
  auto here = reinterpret_cast<Address>(&of);
  ASSERT_NE(all->find(here), nullptr);
  EXPECT_TRUE(all->find(here)->protection.executable());
  EXPECT_EQ(Mappings::read(0, sys::ReadSeals::without).error(),
            (Error{Errc::system, ENOENT}));
}

}  // namespace
}  // namespace memseal::process
