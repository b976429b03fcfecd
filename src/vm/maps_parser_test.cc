// SPDX-License-Identifier: Apache-2.0
#include "vm/maps_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memseal {
namespace {

constexpr std::size_t page = 4096;

Result<Mapping> parse(std::string_view line) {
  return parse_mapping_line(line, page);
}

template <typename T>
std::optional<Errc> refusal(const Result<T> &result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

TEST(MappingLine, of_a_file_says_all_it_says) {
  Result<Mapping> text = parse(
      "7f70d7179000-7f70d72cf000 r-xp 00026000 fe:01 332835                "
      "     /usr/lib/x86_64-linux-gnu/libc.so.6");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->range.begin(), 0x7f70d7179000u);
  EXPECT_EQ(text->range.end(), 0x7f70d72cf000u);
  EXPECT_EQ(text->protection, Protection{Protection::read | Protection::exec});
  EXPECT_EQ(text->sharing, Sharing::private_copy);
  EXPECT_EQ(text->offset, 0x26000u);
  EXPECT_EQ(text->device_major, 0xfeu);
  EXPECT_EQ(text->device_minor, 1u);
  EXPECT_EQ(text->inode, 332835u);
  EXPECT_EQ(text->name, "/usr/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_EQ(text->seal, KernelSeal::unknown);
}

TEST(MappingLine, of_anonymous_memory_has_no_name) {
  // The kernel ends such a line with a blank, other programs may not.
  for (const char *line : {"1000-3000 rw-s 00000000 00:00 0 ",
                           "1000-3000 rw-s 00000000 00:00 0"}) {
    Result<Mapping> mapping = parse(line);
    ASSERT_TRUE(mapping) << line;
    EXPECT_EQ(mapping->name, "");
    EXPECT_EQ(mapping->sharing, Sharing::shared);
    EXPECT_EQ(mapping->range.size(), 2 * page);
    EXPECT_EQ(mapping->inode, 0u);
  }
}

TEST(MappingLine, keeps_blanks_and_escapes_inside_a_name) {
  Result<Mapping> mapping =
      parse("1000-2000 r--s 00001000 fe:00 9   /tmp/od d\\012name (deleted)");
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->name, "/tmp/od d\\012name (deleted)");
}

TEST(MappingLine, may_have_a_name_of_any_length) {
  std::string name = "/" + std::string(100'000, 'x');
  // The mapping points into the line.
  std::string line = "1000-2000 r--p 00000000 fe:00 9 " + name;
  Result<Mapping> mapping = parse(line);
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->name, name);
}

TEST(MappingLine, may_lie_in_the_kernels_half) {
  Result<Mapping> mapping = parse(
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]");
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->protection, Protection{Protection::exec});
}

TEST(MappingLine, that_lacks_or_twists_a_part_is_malformed) {
  ASSERT_TRUE(parse("1000-2000 r--p 00000000 fe:00 9 /a"));  // control
  for (const char *line : {"",
                           "1000",
                           "1000-2000",
                           "1000-2000 r--p",
                           "1000-2000 r--p 0 fe:00",
                           "1000-2000 r--p 0 fe:00 9/a",
                           "1000-2000 rxwp 0 fe:00 9 /a",
                           "1000-2000 r--x 0 fe:00 9 /a",
                           "1000-2000 r--p 0 fe-00 9 /a",
                           "1000 2000 r--p 0 fe:00 9 /a",
                           "2000-1000 r--p 0 fe:00 9 /a",
                           "1000-1000 r--p 0 fe:00 9 /a",
                           "1001-2000 r--p 0 fe:00 9 /a",
                           "1000-2001 r--p 0 fe:00 9 /a",
                           "-1000-2000 r--p 0 fe:00 9 /a",
                           "0x1000-0x2000 r--p 0 fe:00 9 /a",
                           "1000-2000 r--p 0 fe:00 -9 /a",
                           "1000-20000000000000000 r--p 0 fe:00 9 /a",
                           "1000-2000 r--p 0 fe:100000000 9 /a",
                           "Size: 4 kB"})
    EXPECT_EQ(refusal(parse(line)), Errc::malformed) << line;
}

TEST(MappingLine, is_whole_pages_of_the_page_size_it_was_made_with) {
  const char *line = "1000-2000 r--p 00000000 fe:00 9 /a";
  EXPECT_TRUE(parse_mapping_line(line, 4096));
  EXPECT_FALSE(parse_mapping_line(line, 65536));
  EXPECT_TRUE(parse_mapping_line("10000-20000 r--p 0 fe:00 9 /a", 65536));
}

// Taken from Linux 6.18, shortened.
constexpr std::string_view smaps =
    "7f70d733f000-7f70d7340000 rw-p 00000000 00:00 0 \n"
    "Size:                  4 kB\n"
    "Rss:                  12 kB\n"
    "THPeligible:           0\n"
    "ProtectionKey:         3\n"
    "VmFlags: rd wr mr mw me ac sl \n"
    "7f70d7340000-7f70d7343000 rw-p 00000000 00:00 0 \n"
    "Size:                 12 kB\n"
    "VmFlags: rd wr mr mw me ac \n"
    "7ffedd473000-7ffedd494000 rw-p 00000000 00:00 0               [stack]\n"
    "Size:                132 kB\n";

TEST(MapsParser, gives_each_mapping_of_smaps_with_its_seal) {
  MapsParser parser(smaps, page);
  auto first = *parser.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->seal, KernelSeal::present);
  EXPECT_EQ(first->protection_key, 3u);
  EXPECT_EQ(find_smaps_size(parser.fields(), "Size"), 4096u);
  EXPECT_EQ(find_smaps_size(parser.fields(), "Rss"), 12288u);
  EXPECT_EQ(find_vm_flag(parser.fields(), "wr"), KernelSeal::present);
  EXPECT_EQ(find_vm_flag(parser.fields(), "ex"), KernelSeal::absent);

  auto second = *parser.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->range.begin(), 0x7f70d7340000u);
  EXPECT_EQ(second->seal, KernelSeal::absent);
  EXPECT_EQ(second->protection_key, 0u);

  auto third = *parser.next();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->name, "[stack]");
  EXPECT_EQ(third->seal, KernelSeal::unknown);  // no VmFlags line
  EXPECT_FALSE(*parser.next());
  EXPECT_FALSE(*parser.next());
}

TEST(MapsParser, reads_maps_whose_seals_it_cannot_know) {
  MapsParser parser(
      "1000-2000 r--p 00000000 00:00 0 \n"
      "2000-3000 r--p 00000000 00:00 0 [heap]",
      page);
  EXPECT_EQ((*parser.next())->seal, KernelSeal::unknown);
  EXPECT_EQ((*parser.next())->name, "[heap]");  // without a last newline
  EXPECT_FALSE(*parser.next());
}

TEST(MapsParser, steps_over_a_malformed_line_and_its_fields) {
  MapsParser parser(
      "1000-2000 r--p 00000000 00:00 0 /a\n"
      "garbage\n"
      "VmFlags: rd sl \n"
      "2000-3000 r--p 00000000 00:00 0 /b\n",
      page);
  EXPECT_EQ((*parser.next())->name, "/a");
  EXPECT_EQ(refusal(parser.next()), Errc::malformed);
  auto after = *parser.next();
  EXPECT_EQ(after->name, "/b");
  EXPECT_EQ(after->seal, KernelSeal::unknown);
  EXPECT_FALSE(*parser.next());
}

TEST(SmapsField, tells_what_ends_the_content_of_a_mapping) {  // S-81
  auto after = [](std::string_view field) {
    Lasting lasting;
    add_to_lasting(field, lasting);
    return lasting;
  };
  EXPECT_TRUE(after("Private_Clean:      4 kB").clean);
  EXPECT_TRUE(after("Shared_Clean:       4 kB").clean);
  EXPECT_FALSE(after("Private_Clean:      0 kB").clean);
  EXPECT_FALSE(after("Private_Dirty:      4 kB").clean);
  EXPECT_TRUE(after("VmFlags: rd mr dp ").droppable);
  EXPECT_TRUE(after("VmFlags: rd mr dc ").not_in_child);
  EXPECT_TRUE(after("VmFlags: rd mr wf ").empty_in_child);
  Lasting plain = after("VmFlags: rd wr mr mw me ac sd ");
  EXPECT_FALSE(plain.droppable || plain.not_in_child || plain.empty_in_child);
}

TEST(SmapsField, is_found_by_its_whole_name_only) {
  constexpr std::string_view fields =
      "Pss_Dirty:   8 kB\nPss:   4 kB\nSwap:  x kB\n"
      "Locked: 18446744073709551615 kB\nVmFlags: rd slx \n";
  EXPECT_EQ(find_smaps_size(fields, "Pss"), 4096u);
  EXPECT_EQ(find_smaps_size(fields, "Ps"), std::nullopt);
  EXPECT_EQ(find_smaps_size(fields, "Swap"), std::nullopt);
  EXPECT_EQ(find_smaps_size(fields, "Locked"), std::nullopt);  // overflows
  EXPECT_EQ(find_vm_flag(fields, "sl"), KernelSeal::absent);
}

TEST(MappingName, says_what_kind_of_memory_it_is) {
  const std::pair<const char *, NameKind> names[] = {
      {"", NameKind::none},
      {"/usr/bin/true", NameKind::file},
      {"/tmp/[heap]", NameKind::file},
      {"anon_inode:[io_uring]", NameKind::file},
      {"[heap]", NameKind::heap},
      {"[stack]", NameKind::stack},
      {"[stack:42]", NameKind::stack},
      {"[vdso]", NameKind::vdso},
      {"[vvar]", NameKind::vvar},
      {"[vvar_vclock]", NameKind::vvar},
      {"[vsyscall]", NameKind::vsyscall},
      {"[anon:v8 code]", NameKind::labelled},
      {"[anon_shmem:x]", NameKind::labelled},
      {"[uprobes]", NameKind::special},
  };
  for (auto [name, kind] : names)
    EXPECT_EQ(kind_of_name(name), kind) << name;
}

TEST(MappingName, of_an_unlinked_file_gives_its_path) {
  EXPECT_TRUE(name_is_deleted("/tmp/a (deleted)"));
  EXPECT_EQ(path_of_name("/tmp/a (deleted)"), "/tmp/a");
  EXPECT_FALSE(name_is_deleted("/tmp/a"));
  EXPECT_EQ(path_of_name("/tmp/a"), "/tmp/a");
}

TEST(MappingName, has_its_escapes_undone) {
  char room[64];
  EXPECT_EQ(unescape_name("/a\\012b", room), "/a\nb");
  EXPECT_EQ(unescape_name("\\134\\012", room), "\\\n");
  // Not escapes of the kernel's: too short, not octal, above a byte.
  EXPECT_EQ(unescape_name("\\01", room), "\\01");
  EXPECT_EQ(unescape_name("\\09a", room), "\\09a");
  EXPECT_EQ(unescape_name("\\777", room), "\\777");
  EXPECT_EQ(unescape_name("abc", std::span(room, 2)), "ab");
}

}  // namespace
}  // namespace memseal
