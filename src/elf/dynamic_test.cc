// SPDX-License-Identifier: Apache-2.0
#include "elf/dynamic.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <vector>

namespace memseal::elf {
namespace {

DynamicSection section(const std::vector<Elf64_Dyn> &entries) {
  return DynamicSection(std::as_bytes(std::span(entries)));
}

TEST(DynamicSection, ends_at_its_null_entry) {
  std::vector<Elf64_Dyn> entries = {
      {DT_NEEDED, {1}}, {DT_NULL, {0}}, {DT_TEXTREL, {0}}};
  DynamicSection dynamic = section(entries);
  EXPECT_EQ(dynamic.size(), 1u);
  EXPECT_FALSE(dynamic.has(DT_TEXTREL));
  EXPECT_FALSE(dynamic.has_text_relocations());
}

TEST(DynamicSection, without_a_null_entry_ends_with_its_bytes) {
  std::vector<Elf64_Dyn> entries = {{DT_NEEDED, {1}}, {DT_NEEDED, {2}}};
  EXPECT_EQ(section(entries).size(), 2u);
  // Half an entry is none.
  Bytes bytes = std::as_bytes(std::span(entries));
  EXPECT_EQ(DynamicSection(bytes.first(bytes.size() - 1)).size(), 1u);
  EXPECT_EQ(DynamicSection(Bytes()).size(), 0u);
}

TEST(DynamicSection, of_several_entries_with_a_tag_the_first_counts) {
  std::vector<Elf64_Dyn> entries = {
      {DT_STRTAB, {0x400}}, {DT_STRTAB, {0x500}}, {DT_NULL, {0}}};
  DynamicSection dynamic = section(entries);
  EXPECT_EQ(dynamic.value(DT_STRTAB), 0x400u);
  EXPECT_EQ(dynamic.value(DT_STRSZ), 0u);
  EXPECT_EQ(dynamic.value(DT_STRSZ, 7), 7u);
}

TEST(DynamicSection, an_entry_may_have_the_value_0) {
  std::vector<Elf64_Dyn> entries = {{DT_TEXTREL, {0}}, {DT_NULL, {0}}};
  EXPECT_TRUE(section(entries).has(DT_TEXTREL));
  EXPECT_TRUE(section(entries).has_text_relocations());
}

TEST(DynamicSection, of_flags_one_bit_means_text_relocations) {
  std::vector<Elf64_Dyn> entries = {{DT_FLAGS, {DF_BIND_NOW}}, {DT_NULL, {0}}};
  EXPECT_FALSE(section(entries).has_text_relocations());
  entries[0].d_un.d_val = DF_BIND_NOW | DF_TEXTREL;
  EXPECT_TRUE(section(entries).has_text_relocations());
}

TEST(DynamicSection, need_not_be_aligned) {
  std::vector<Elf64_Dyn> entries = {{DT_SONAME, {3}}, {DT_NULL, {0}}};
  std::vector<std::byte> shifted(1 + 2 * sizeof(Elf64_Dyn));
  std::memcpy(shifted.data() + 1, entries.data(), 2 * sizeof(Elf64_Dyn));
  DynamicSection dynamic(Bytes(shifted).subspan(1));
  EXPECT_EQ(dynamic.value(DT_SONAME), 3u);
}

}  // namespace
}  // namespace memseal::elf
