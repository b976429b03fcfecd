// SPDX-License-Identifier: Apache-2.0
#include "elf/file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "elf/test_image.h"

namespace memseal::elf {
namespace {

constexpr std::size_t page = 0x1000;
// Inside the first segment, past the headers.
constexpr std::size_t strings = 0x800;

template <typename T>
void put(std::string &file, std::size_t at, const T &value) {
  std::memcpy(file.data() + at, &value, sizeof value);
}

std::string library() {
  auto headers = usual_headers();
  headers.push_back(segment(PF_R, 0x700, 12, PT_INTERP));
  Elf64_Phdr tls = segment(PF_R, 0x6e00, 0x20, PT_TLS);
  tls.p_memsz = 2632;
  tls.p_align = 64;
  headers.push_back(tls);
  std::string file = file_of(headers);
  std::memcpy(file.data() + 0x700, "/lib/ld.so.1", 12);
  file[0x70b] = '\0';
  std::memcpy(file.data() + strings, "\0libc.so.6\0libm.so.6\0$ORIGIN", 29);
  const Elf64_Dyn entries[] = {{DT_NEEDED, {1}},   {DT_NEEDED, {11}},
                               {DT_RUNPATH, {21}}, {DT_STRTAB, {strings}},
                               {DT_STRSZ, {29}},   {DT_FLAGS, {0}},
                               {DT_NULL, {0}}};
  put(file, 0x6f00, entries);
  return file;
}

std::optional<Flaw> flaw_of(const std::string &file) {
  auto parsed = File::create(bytes_of(file), page);
  return parsed ? std::nullopt : std::optional(parsed.error());
}

TEST(File, tells_what_an_object_asks_of_the_loader) {
  std::string bytes = library();
  auto file = File::create(bytes_of(bytes), page);
  ASSERT_TRUE(file) << sentence(file.error());
  EXPECT_EQ(file->interpreter(), "/lib/ld.so.");
  ASSERT_EQ(file->needed_count(), 2u);
  EXPECT_EQ(file->needed(0), "libc.so.6");
  EXPECT_EQ(file->needed(1), "libm.so.6");
  EXPECT_EQ(file->runpath(), "$ORIGIN");
  EXPECT_EQ(file->rpath(), "");
  EXPECT_EQ(file->tls_size(), 2632u);
  EXPECT_EQ(file->tls_alignment(), 64u);
  EXPECT_FALSE(file->dynamic().has_text_relocations());
}

TEST(File, understands_the_program_that_runs_this_test) {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  auto file = File::create(bytes_of(bytes), page);
  ASSERT_TRUE(file) << sentence(file.error());
  EXPECT_NE(file->interpreter().find("/ld-linux"), std::string_view::npos);
  bool needs_libc = false;
  for (std::size_t i = 0; i < file->needed_count(); ++i)
    needs_libc = needs_libc || file->needed(i) == "libc.so.6";
  EXPECT_TRUE(needs_libc);
}

TEST(File, text_relocations_are_told_by_either_tag) {
  for (Elf64_Dyn mark : {Elf64_Dyn{DT_TEXTREL, {0}},
                         Elf64_Dyn{DT_FLAGS, {DF_TEXTREL | DF_SYMBOLIC}}}) {
    std::string bytes = library();
    put(bytes, 0x6f00 + 5 * sizeof(Elf64_Dyn), mark);
    auto file = File::create(bytes_of(bytes), page);
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->dynamic().has_text_relocations());
  }
}

TEST(File, what_no_loader_starts_names_no_interpreter) {
  auto headers = usual_headers();
  headers.erase(headers.begin() + 4);
  std::string bytes = file_of(headers);
  auto file = File::create(bytes_of(bytes), page);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->interpreter(), "");
}

struct Lie {
  const char *what;
  void (*tell)(std::string &file);
  Flaw flaw;
};

const Lie lies[] = {
    {"an empty file", [](auto &f) { f.clear(); }, Flaw::not_elf},
    {"a script", [](auto &f) { f.replace(0, 4, "#!/b"); }, Flaw::not_elf},
    {"a cut header", [](auto &f) { f.resize(63); }, Flaw::not_elf},
    {"32 bit", [](auto &f) { f[EI_CLASS] = ELFCLASS32; }, Flaw::not_64_bit},
    {"big-endian", [](auto &f) { f[EI_DATA] = ELFDATA2MSB; },
     Flaw::foreign_order},
    {"a version of tomorrow", [](auto &f) { f[EI_VERSION] = 2; },
     Flaw::bad_header},
    {"another size of entries",
     [](auto &f) { f[offsetof(Elf64_Ehdr, e_phentsize)] = 32; },
     Flaw::bad_header},
    {"headers past the end",
     [](auto &f) { put(f, offsetof(Elf64_Ehdr, e_phoff), f.size()); },
     Flaw::headers_outside},
    {"an offset of headers near 2^64",
     [](auto &f) { put(f, offsetof(Elf64_Ehdr, e_phoff), ~Elf64_Off{0}); },
     Flaw::headers_outside},
    {"a file cut in its last segment", [](auto &f) { f.resize(0x84ff); },
     Flaw::outside_file},
    {"an interpreter without an end", [](auto &f) { f[0x70b] = '1'; },
     Flaw::strings_outside},
    {"a name past the string table",
     [](auto &f) { put(f, 0x6f08, Elf64_Xword{29}); }, Flaw::strings_outside},
    {"a string table past the file",
     [](auto &f) { put(f, 0x6f00 + 3 * 16 + 8, Elf64_Addr{0x1000000}); },
     Flaw::strings_outside},
    {"a string table without an end",
     [](auto &f) { put(f, 0x6f00 + 4 * 16 + 8, Elf64_Xword{28}); },
     Flaw::strings_outside},
    {"a dynamic section past the file",
     [](auto &f) {
       put(f, 64 + 4 * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, p_offset),
           Elf64_Off{0x8500});
     },
     Flaw::dynamic_outside},
};

TEST(File, refuses_bytes_that_lie_and_says_how) {
  for (const Lie &lie : lies) {
    std::string bytes = library();
    ASSERT_EQ(flaw_of(bytes), std::nullopt) << "control";
    lie.tell(bytes);
    EXPECT_EQ(flaw_of(bytes), lie.flaw) << lie.what;
  }
}

TEST(File, every_flaw_has_a_sentence_of_its_own) {
  std::vector<std::string> seen;
  for (int i = 0; i <= static_cast<int>(Flaw::text_relocations); ++i) {
    std::string text = sentence(static_cast<Flaw>(i));
    EXPECT_NE(text, "it is malformed");
    EXPECT_EQ(std::count(seen.begin(), seen.end(), text), 0) << text;
    seen.push_back(text);
  }
}

}  // namespace
}  // namespace memseal::elf
