// SPDX-License-Identifier: Apache-2.0
#include "process/object_sorter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>

#include "elf/test_image.h"

namespace memseal::process {
namespace {

constexpr std::size_t page = 0x1000;

/// "text 2000-5000 native" and so on, below its object.
std::vector<std::string> lines(const std::vector<Object> &objects) {
  std::vector<std::string> all;
  for (const Object &object : objects) {
    all.push_back((object.is_elf ? "elf " : "") + object.name +
                  (object.note.empty() ? "" : " (" + object.note + ")"));
    for (const Segment &segment : object.segments)
      all.push_back(fmt::format("{} {:x}-{:x}{}{}", name(segment.kind),
                                segment.range.begin(), segment.range.end(),
                                *segment.engine() == '\0' ? "" : " ",
                                segment.engine()));
  }
  return all;
}

FoundObject nothing(const Mapping &) {
  return {};
}

/// The library of elf/test_image.h wherever a file "/lib/a.so" begins.
FoundObject a_so(const Mapping &first) {
  if (first.name != "/lib/a.so" || first.offset != 0)
    return {};
  auto layout =
      elf::Layout::create(elf::table_of(elf::usual_headers()),
                          {.bias = first.range.begin(), .page = page});
  return {.layout = *layout, .note = "deleted"};
}

std::vector<std::string> sorted(std::string_view text,
                                std::span<const FilterSeal> claims = {},
                                std::span<const PageRange> kept = {},
                                const FindObject &find = a_so) {
  return lines(
      sort_into_objects(Mappings::parse(text, page), claims, kept, find));
}

FilterSeal claim(Address begin, Address end, SealTypes types = seal_type::all) {
  return {*PageRange::create(begin, end - begin, page), types};
}

using Lines = std::vector<std::string>;

TEST(ObjectSorter, tells_kinds_of_memory_outside_objects) {
  EXPECT_EQ(sorted("1000-2000 rw-p 0 0:0 0 [heap]\n"
                   "2000-3000 rw-p 0 0:0 0 [stack]\n"
                   "3000-4000 r-xp 0 0:0 0 [vdso]\n"
                   "4000-5000 r--p 0 0:0 0 [vvar]\n"
                   "5000-6000 --xp 0 0:0 0 [vsyscall]\n"
                   "6000-7000 rw-s 0 0:0 0\n"
                   "7000-8000 ---p 0 0:0 0\n"
                   "8000-9000 rwxp 0 0:0 0\n"
                   "9000-a000 rw-p 0 0:0 0\n"
                   "a000-b000 r-xs 0 8:1 5 /dev/b\n"
                   "b000-c000 r-xp 0 0:1 5 /memfd:jit\n"
                   "c000-d000 rwxp 0 8:1 5 /c\n"
                   "d000-e000 r--p 0 8:1 6 /d\n"
                   "e000-f000 rw-s 0 8:1 7 /e\n"),
            (Lines{"[heap]",
                   "heap 1000-2000",
                   "[stack]",
                   "stack 2000-3000",
                   "[vdso]",
                   "vdso 3000-4000",
                   "[vvar]",
                   "vvar 4000-5000",
                   "[vsyscall]",
                   "kernel 5000-6000",
                   "[anonymous]",
                   "shared 6000-7000",
                   "reserved 7000-8000",
                   "jit 8000-9000",
                   "anonymous 9000-a000",
                   "/dev/b",
                   "text a000-b000",
                   "/memfd:jit",
                   "jit b000-c000",
                   "/c",
                   "jit c000-d000",
                   "/d",
                   "file d000-e000",
                   "/e",
                   "shared e000-f000"}));
}

TEST(ObjectSorter, cuts_mappings_where_parts_of_an_object_meet) {
  EXPECT_EQ(sorted("10000-12000 r--p 0000 8:1 5 /lib/a.so\n"
                   "12000-15000 r-xp 2000 8:1 5 /lib/a.so\n"
                   "15000-16000 r--p 5000 8:1 5 /lib/a.so\n"
                   "16000-18000 rw-p 6000 8:1 5 /lib/a.so\n"
                   "18000-19000 rw-p 0000 0:0 0\n"
                   "19000-1a000 rw-p 0000 0:0 0\n"),
            (Lines{"elf /lib/a.so (deleted)", "rodata 10000-12000",
                   "text 12000-15000", "rodata 15000-16000",
                   "relro 16000-17000", "data 17000-18000", "data 18000-19000",
                   "[anonymous]", "anonymous 19000-1a000"}));
}

TEST(ObjectSorter, begins_an_object_anew_for_each_copy_of_it) {
  EXPECT_EQ(sorted("10000-19000 r--p 0 8:1 5 /lib/a.so\n"
                   "20000-22000 r--p 0 8:1 5 /lib/a.so\n"
                   "40000-41000 r--p 0 8:1 6 /x\n"
                   "41000-42000 r--p 0 8:1 6 /x\n")
                .size(),
            1u + 5 + 1 + 1 + 1 + 2);
}

TEST(ObjectSorter, asks_for_objects_only_among_private_file_mappings) {
  std::vector<Address> asked;
  sorted(
      "1000-2000 r--p 0 8:1 5 /a\n2000-3000 r--s 0 8:1 5 /a\n"
      "3000-4000 r--p 0 0:0 0 [heap]\n4000-5000 r--p 0 0:0 0\n"
      "5000-6000 r--p 0 8:1 6 anon_inode:x\n6000-7000 r--p 0 8:1 7 /b\n",
      {}, std::span<const PageRange>{},
      [&](const Mapping &first) -> FoundObject {
        asked.push_back(first.range.begin());
        return {};
      });
  EXPECT_EQ(asked, (std::vector<Address>{0x1000, 0x6000}));
}

TEST(ObjectSorter, takes_what_was_put_into_a_gap_for_what_it_is) {
  auto with_gap = [](const Mapping &) -> FoundObject {
    return {.layout = *elf::Layout::create(
                elf::table_of({elf::segment(PF_R | PF_X, 0, 0x1000),
                               elf::segment(PF_R | PF_W, 0x4000, 0x1000)}),
                {.bias = 0x10000, .page = page}),
            .note = {}};
  };
  EXPECT_EQ(
      sorted("10000-11000 r-xp 0 8:1 5 /a\n11000-12000 ---p 0 0:0 0\n"
             "12000-13000 rw-p 0 0:0 0\n13000-14000 rwxp 0 0:0 0\n"
             "14000-15000 rw-p 0 8:1 5 /a\n",
             {}, std::span<const PageRange>{}, with_gap),
      (Lines{"elf /a", "text 10000-11000", "gap 11000-12000",
             "anonymous 12000-13000", "jit 13000-14000", "data 14000-15000"}));
}

TEST(ObjectSorter, gives_names_as_the_process_chose_them) {
  EXPECT_EQ(sorted("1000-2000 r--p 0 8:1 5 /a\\012[heap]\n", {},
                   std::span<const PageRange>{}, nothing),
            (Lines{"/a\n[heap]", "file 1000-2000"}));
}

TEST(ObjectSorter, cuts_where_claims_begin_and_end) {
  std::vector<FilterSeal> claims{claim(0, 0x1000), claim(0x2000, 0x3000),
                                 claim(0x3000, 0x5000, seal_type::mprotect),
                                 claim(0x7000, 0x20000)};
  EXPECT_EQ(
      sorted("1000-4000 r--p 0 0:0 0\n4000-6000 r--p 0 0:0 0\n"
             "8000-9000 r--p 0 0:0 0\n1f000-21000 r--p 0 0:0 0\n",
             claims),
      (Lines{"[anonymous]", "anonymous 1000-2000", "anonymous 2000-3000 filter",
             "anonymous 3000-4000 filter", "anonymous 4000-5000 filter",
             "anonymous 5000-6000", "anonymous 8000-9000 filter",
             "anonymous 1f000-20000 filter", "anonymous 20000-21000"}));
}

TEST(ObjectSorter, tells_whole_claims_from_partial_ones) {
  std::vector<FilterSeal> claims{claim(0x1000, 0x2000),
                                 claim(0x2000, 0x3000, seal_type::mprotect)};
  claims[1].downgradable = true;
  auto objects =
      sort_into_objects(Mappings::parse("1000-3000 rw-p 0 0:0 0\n", page),
                        claims, std::span<const PageRange>{}, nothing);
  ASSERT_EQ(objects[0].segments.size(), 2u);
  EXPECT_TRUE(objects[0].segments[0].sealed());
  EXPECT_FALSE(objects[0].segments[0].downgradable);
  EXPECT_FALSE(objects[0].segments[1].sealed());
  EXPECT_TRUE(objects[0].segments[1].partly_sealed());
  EXPECT_TRUE(objects[0].segments[1].downgradable);
}

TEST(ObjectSorter, cuts_where_a_keepers_seals_begin_and_end) {
  const PageRange kept[] = {*PageRange::create(0x1000, 0x1000, page),
                            *PageRange::create(0x2800, 0x800, 1),
                            *PageRange::create(0x4000, 0x9000, page)};
  std::vector<FilterSeal> claims{claim(0x5000, 0x6000)};
  EXPECT_EQ(
      sorted("1000-3000 r--p 0 0:0 0\n"
             "3000-4000 r--p 0 0:0 0\nVmFlags: rd sl \n"
             "4000-5000 r--p 0 0:0 0\nVmFlags: rd sl \n"
             "5000-7000 r--p 0 0:0 0\n"
             "d000-e000 r--p 0 0:0 0\n",
             claims, kept),
      (Lines{"[anonymous]", "anonymous 1000-2000 keeper", "anonymous 2000-2800",
             "anonymous 2800-3000 keeper", "anonymous 3000-4000 native",
             "anonymous 4000-5000 strict", "anonymous 5000-6000 keeper",
             "anonymous 6000-7000 keeper", "anonymous d000-e000"}));
}

TEST(ObjectSorter, takes_a_vdso_for_kept_whose_first_page_is) {
  const PageRange kept[] = {*PageRange::create(0x1000, 0x1000, page)};
  EXPECT_EQ(sorted("1000-3000 r-xp 0 0:0 0 [vdso]\n"
                   "3000-4000 r--p 0 0:0 0\n",
                   {}, kept),
            (Lines{"[vdso]", "vdso 1000-3000 keeper", "[anonymous]",
                   "anonymous 3000-4000"}));
}

/// n mappings, of which each is claimed in two pieces.
double seconds_for(std::size_t n) {
  std::string text;
  std::vector<FilterSeal> claims;
  for (std::size_t i = 1; i <= n; ++i) {
    Address begin = 0x10000 * i;
    text += fmt::format("{:x}-{:x} r--p 0 8:1 {} /f{}\n", begin, begin + 0x8000,
                        i, i);
    claims.push_back(claim(begin + 0x1000, begin + 0x2000));
    claims.push_back(claim(begin + 0x4000, begin + 0x5000));
  }
  Mappings mappings = Mappings::parse(text, page);
  std::clock_t began = std::clock();
  auto objects = sort_into_objects(mappings, claims,
                                   std::span<const PageRange>{}, nothing);
  std::clock_t took = std::clock() - began;
  EXPECT_EQ(objects.size(), n);
  return static_cast<double>(took) / CLOCKS_PER_SEC;
}

// Quadratic it would take 256 times as long for 16 times as much.
TEST(ObjectSorter, takes_time_in_proportion_to_mappings_and_claims) {
  double few = 1;
  for (int i = 0; i < 3; ++i)
    few = std::min(few, seconds_for(4'000));
  EXPECT_LT(seconds_for(64'000), 80 * few + 0.1);
}

}  // namespace
}  // namespace memseal::process
