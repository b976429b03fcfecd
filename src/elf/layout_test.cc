// SPDX-License-Identifier: Apache-2.0
#include "elf/layout.h"

#include <gtest/gtest.h>

#include <tuple>

#include "elf/test_image.h"

namespace memseal::elf {
namespace {

using Row = std::tuple<PartKind, Address, Address>;

std::vector<Row> rows(const Layout &layout) {
  std::vector<Row> out;
  for (const Part &part : layout.parts())
    out.emplace_back(part.kind, part.range.begin(), part.range.end());
  return out;
}

Refusable<Layout, Flaw> layout_of(const std::vector<Elf64_Phdr> &headers,
                                  Placement placement = {}) {
  return Layout::create(table_of(headers), placement);
}

/// The flaw, or nothing if the headers were taken.
std::optional<Flaw> flaw_of(const std::vector<Elf64_Phdr> &headers,
                            Placement placement = {}) {
  auto layout = layout_of(headers, placement);
  return layout ? std::nullopt : std::optional(layout.error());
}

TEST(Layout, names_every_page_of_an_ordinary_library) {
  auto layout = layout_of(usual_headers(), {.bias = 0x7f0000000000});
  ASSERT_TRUE(layout);
  Address bias = 0x7f0000000000;
  EXPECT_EQ(rows(*layout), (std::vector<Row>{
                               {PartKind::rodata, bias, bias + 0x2000},
                               {PartKind::text, bias + 0x2000, bias + 0x5000},
                               {PartKind::rodata, bias + 0x5000, bias + 0x6000},
                               {PartKind::relro, bias + 0x6000, bias + 0x7000},
                               {PartKind::data, bias + 0x7000, bias + 0x9000},
                           }));
  EXPECT_EQ(layout->extent(), *PageRange::create(bias, 0x9000, 0x1000));
  EXPECT_EQ(layout->dynamic_begin(), bias + 0x6f00);
  EXPECT_EQ(layout->dynamic_size(), 0x90u);
}

TEST(Layout, what_lies_between_two_segments_is_a_gap) {
  auto layout = layout_of(
      {segment(PF_R | PF_X, 0, 0x800), segment(PF_R | PF_W, 0x200000, 0x10)});
  ASSERT_TRUE(layout);
  EXPECT_EQ(rows(*layout), (std::vector<Row>{
                               {PartKind::text, 0, 0x1000},
                               {PartKind::gap, 0x1000, 0x200000},
                               {PartKind::data, 0x200000, 0x201000},
                           }));
}

TEST(Layout, a_file_that_is_mapped_whole_widens_the_last_part) {
  std::vector<Elf64_Phdr> one = {segment(PF_R | PF_X, 0, 0xc65)};
  for (auto [size, end] : {std::pair{0ul, 0x1000ul},
                           {0xfff, 0x1000},
                           {0x1001, 0x2000},
                           {0x2000, 0x2000}}) {
    auto layout = layout_of(one, {.bias = 0x7ff000, .whole_file = size});
    ASSERT_TRUE(layout);
    EXPECT_EQ(rows(*layout),
              (std::vector<Row>{{PartKind::text, 0x7ff000, 0x7ff000 + end}}))
        << size;
  }
  EXPECT_EQ(flaw_of(one, {.whole_file = ~std::size_t{0}}), Flaw::overflow);
}

// arm64's vdso aligns its segment to 16 bytes.
TEST(Layout, a_file_that_is_mapped_whole_need_not_align_its_segments) {
  std::vector<Elf64_Phdr> one = {segment(PF_R | PF_X, 0, 0xc65)};
  one[0].p_align = 16;
  EXPECT_EQ(flaw_of(one), Flaw::misaligned);
  EXPECT_EQ(flaw_of(one, {.whole_file = 0xc65}), std::nullopt);
}

TEST(Layout, pages_of_no_file_are_one_part) {
  PageRange pages = *PageRange::create(0x7ff000, 0x6000, 0x1000);
  Layout layout;
  layout.set_pages(PartKind::rodata, pages);
  EXPECT_EQ(rows(layout),
            (std::vector<Row>{{PartKind::rodata, 0x7ff000, 0x805000}}));
  EXPECT_EQ(layout.extent(), pages);
  EXPECT_EQ(layout.dynamic_size(), 0u);
}

TEST(Layout, relro_ends_at_its_last_whole_page) {
  auto headers = usual_headers();
  headers[5].p_memsz = 0x2ff;  // ends at 0x70ff: page 0x7000 stays writable
  EXPECT_EQ(rows(*layout_of(headers))[3],
            (Row{PartKind::relro, 0x6000, 0x7000}));
  headers[5].p_memsz = 0x1ff;  // no whole page at all
  EXPECT_EQ(rows(*layout_of(headers))[3],
            (Row{PartKind::data, 0x6000, 0x9000}));
}

TEST(Layout, relro_may_end_in_the_padding_of_the_last_page_as_lld_makes_it) {
  auto headers = usual_headers();
  headers[3].p_memsz = headers[3].p_filesz = 0x150;  // ends at 0x6f50
  headers[4].p_memsz = 0x10;
  headers[5].p_memsz = 0x200;  // ends at 0x7000
  EXPECT_EQ(rows(*layout_of(headers))[3],
            (Row{PartKind::relro, 0x6000, 0x7000}));
}

TEST(Layout, relro_begins_with_the_page_of_its_first_byte) {
  auto headers = usual_headers();
  headers[3] = segment(PF_R | PF_W, 0x6000, 0x2500);
  headers[5].p_vaddr = 0x7e00;  // in the middle of the writable segment
  EXPECT_EQ(rows(*layout_of(headers)), (std::vector<Row>{
                                           {PartKind::rodata, 0, 0x2000},
                                           {PartKind::text, 0x2000, 0x5000},
                                           {PartKind::rodata, 0x5000, 0x6000},
                                           {PartKind::data, 0x6000, 0x7000},
                                           {PartKind::relro, 0x7000, 0x8000},
                                           {PartKind::data, 0x8000, 0x9000},
                                       }));
}

TEST(Layout, relro_that_is_the_whole_writable_segment_leaves_no_data) {
  auto headers = usual_headers();
  headers[3].p_memsz = headers[3].p_filesz = 0x200;
  EXPECT_EQ(rows(*layout_of(headers)).back(),
            (Row{PartKind::relro, 0x6000, 0x7000}));
}

TEST(Layout, memory_that_is_not_in_the_file_belongs_to_its_segment) {
  auto headers = usual_headers();
  headers[3].p_memsz = 0x5000;  // .bss
  EXPECT_EQ(rows(*layout_of(headers)).back(),
            (Row{PartKind::data, 0x7000, 0xc000}));
}

TEST(Layout, a_segment_without_memory_is_none) {
  auto headers = usual_headers();
  headers[2].p_memsz = headers[2].p_filesz = 0;
  EXPECT_EQ(rows(*layout_of(headers))[2], (Row{PartKind::gap, 0x5000, 0x6000}));
}

TEST(Layout, segments_may_touch_but_not_share_a_page) {
  std::vector<Elf64_Phdr> touching = {segment(PF_R, 0, 0x1000),
                                      segment(PF_R | PF_X, 0x1000, 0x10)};
  EXPECT_EQ(rows(*layout_of(touching)),
            (std::vector<Row>{{PartKind::rodata, 0, 0x1000},
                              {PartKind::text, 0x1000, 0x2000}}));
  touching[0].p_memsz = 0x1001;
  EXPECT_EQ(flaw_of(touching), Flaw::overlapping);
}

TEST(Layout, gaps_are_wanted_with_text_and_data_never) {
  constexpr SegmentSet text{true, false, false}, rodata{false, true, false},
      relro{false, false, true};
  struct {
    PartKind kind;
    bool by_text, by_rodata, by_relro;
  } const cases[] = {
      {PartKind::text, true, false, false},
      {PartKind::gap, true, false, false},
      {PartKind::rodata, false, true, false},
      {PartKind::relro, false, false, true},
      {PartKind::data, false, false, false},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(is_among(c.kind, text), c.by_text) << name(c.kind);
    EXPECT_EQ(is_among(c.kind, rodata), c.by_rodata) << name(c.kind);
    EXPECT_EQ(is_among(c.kind, relro), c.by_relro) << name(c.kind);
  }
}

TEST(Layout, writable_text_is_data) {
  auto layout = layout_of({segment(PF_R | PF_W | PF_X, 0, 0x800)});
  EXPECT_EQ(rows(*layout), (std::vector<Row>{{PartKind::data, 0, 0x1000}}));
}

TEST(Layout, pages_of_64_KiB_need_segments_aligned_to_them) {
  EXPECT_EQ(flaw_of(usual_headers(), {.page = 0x10000}), Flaw::misaligned);
  auto headers = usual_headers();
  headers.resize(4);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    headers[i].p_align = 0x10000;
    headers[i].p_vaddr = headers[i].p_offset = i * 0x10000;
  }
  auto layout = layout_of(headers, {.page = 0x10000});
  ASSERT_TRUE(layout);
  EXPECT_EQ(rows(*layout)[1], (Row{PartKind::text, 0x10000, 0x20000}));
}

TEST(Layout, a_prelinked_library_may_be_moved_down) {
  auto headers = usual_headers();
  headers.resize(4);
  for (Elf64_Phdr &header : headers)
    header.p_vaddr += 0x3000000000;
  Placement lower{.bias = Address{0} - 0x1000000000};
  auto layout = layout_of(headers, lower);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->extent().begin(), 0x2000000000u);
  // ... but it may not wrap inside itself.
  EXPECT_EQ(flaw_of(headers, {.bias = Address{0} - 0x3000004000}),
            Flaw::overflow);
}

// Each refusal changes one field of headers that are taken as they are.
struct Lie {
  const char *what;
  void (*tell)(std::vector<Elf64_Phdr> &headers);
  Flaw flaw;
};

const Lie lies[] = {
    {"an end that wraps",
     [](auto &h) { h[3].p_memsz = Elf64_Xword{0} - 0x100; }, Flaw::overflow},
    {"an end in the last page",
     [](auto &h) { h[3].p_memsz = Elf64_Xword{0} - h[3].p_vaddr - 8; },
     Flaw::overflow},
    {"an offset that wraps",
     [](auto &h) { h[1].p_offset = Elf64_Xword{0} - 0x1000; }, Flaw::overflow},
    {"a segment on the pages of another",
     [](auto &h) { h[0].p_memsz = 0x2001; }, Flaw::overlapping},
    {"segments out of order", [](auto &h) { std::swap(h[0], h[1]); },
     Flaw::overlapping},
    {"an address and an offset in different places of a page",
     [](auto &h) { h[1].p_vaddr += 8; }, Flaw::misaligned},
    {"an alignment below a page", [](auto &h) { h[1].p_align = 0x10; },
     Flaw::misaligned},
    {"an alignment that is no power of two",
     [](auto &h) { h[1].p_align = 0x1800; }, Flaw::misaligned},
    {"more bytes in the file than in memory",
     [](auto &h) { h[1].p_filesz = h[1].p_memsz + 1; }, Flaw::size_lie},
    {"RELRO over text",
     [](auto &h) {
       h[5].p_vaddr = 0x2000;
       h[5].p_memsz = 0x1000;
     },
     Flaw::relro_outside},
    {"RELRO over two segments",
     [](auto &h) {
       h[5].p_vaddr = 0x5000;
       h[5].p_memsz = 0x2000;
     },
     Flaw::relro_outside},
    {"RELRO past its segment", [](auto &h) { h[5].p_memsz = 0x10000; },
     Flaw::relro_outside},
    {"RELRO that wraps",
     [](auto &h) { h[5].p_memsz = Elf64_Xword{0} - 0x1000; }, Flaw::overflow},
    {"two RELRO ranges", [](auto &h) { h.push_back(h[5]); }, Flaw::relro_twice},
    {"a dynamic section outside", [](auto &h) { h[4].p_vaddr = 0x9000; },
     Flaw::dynamic_outside},
    {"a dynamic section that leaves its segment",
     [](auto &h) { h[4].p_memsz = 0x2000; }, Flaw::dynamic_outside},
    {"nothing to load", [](auto &h) { h.erase(h.begin(), h.begin() + 4); },
     Flaw::no_segments},
    {"more segments than fit",
     [](auto &h) {
       for (Elf64_Addr a = 0x20000; h.size() < 300; a += 0x1000)
         h.push_back(segment(PF_R, a, 0x1000));
     },
     Flaw::too_many_headers},
};

TEST(Layout, refuses_headers_that_lie_and_says_how) {
  for (const Lie &lie : lies) {
    auto headers = usual_headers();
    EXPECT_EQ(flaw_of(headers), std::nullopt) << "control";
    lie.tell(headers);
    EXPECT_EQ(flaw_of(headers), lie.flaw) << lie.what;
  }
}

Address bias_at(const std::vector<Elf64_Phdr> &headers, Address begin,
                std::uint64_t offset) {
  Mapping mapping{.range = *PageRange::create(begin, 0x2000, 0x1000),
                  .protection = {},
                  .offset = offset,
                  .name = {}};
  return placement_of(table_of(headers), mapping, 0x1000).bias;
}

TEST(Placement, is_what_lies_between_the_headers_and_the_mapping) {
  auto library = usual_headers();
  EXPECT_EQ(bias_at(library, 0x7f0000000000, 0), 0x7f0000000000);
  // A program that is not position-independent lies where its headers say.
  auto program = usual_headers();
  program[0].p_vaddr = 0x400010;
  program[0].p_offset = 0x10;
  EXPECT_EQ(bias_at(program, 0x400000, 0), 0u);
  // A first segment from the middle of a file.
  auto late = usual_headers();
  late[0].p_offset = 0x3000;
  EXPECT_EQ(bias_at(late, 0x7f0000003000, 0x3000), 0x7f0000003000);
  EXPECT_EQ(bias_at(late, 0x7f0000000000, 0), 0x7f0000003000);
}

TEST(SameFile, is_the_same_inode_of_the_same_device) {
  Mapping one{.range = *PageRange::create(0, 0x1000, 0x1000),
              .protection = {},
              .inode = 7,
              .device_major = 8,
              .name = {}};
  Mapping other = one;
  EXPECT_TRUE(one.same_file(other));
  other.device_major = 9;
  EXPECT_FALSE(one.same_file(other));
  other = one;
  other.inode = 0;
  EXPECT_FALSE(other.same_file(other));
}

TEST(Layout, a_bias_is_whole_pages) {
  EXPECT_EQ(flaw_of(usual_headers(), {.bias = 0x1000}), std::nullopt);
  EXPECT_EQ(flaw_of(usual_headers(), {.bias = 0x1008}), Flaw::misaligned);
}

}  // namespace
}  // namespace memseal::elf
