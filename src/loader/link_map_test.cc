// SPDX-License-Identifier: Apache-2.0
// Made-up objects, as a loader lists them.
#include "loader/link_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "loader/test_object.h"

namespace memseal::loader {
namespace {

TEST(LinkMap, the_head_is_found_from_any_object_of_the_list) {
  LinkMap a{}, b{}, c{};
  a.l_next = &b, b.l_prev = &a, b.l_next = &c, c.l_prev = &b;
  for (LinkMap *each : {&a, &b, &c})
    EXPECT_EQ(head_of(each), &a);
}

TEST(LinkMap, an_object_without_a_name_has_an_empty_path) {
  LinkMap map{};
  EXPECT_EQ(path_of(map), "");
  char name[] = "/lib/libx.so";
  map.l_name = name;
  EXPECT_EQ(path_of(map), "/lib/libx.so");
}

TEST(LinkMap, an_object_without_a_dynamic_section_has_no_entries) {
  LinkMap map{};
  EXPECT_EQ(dynamic_of(map).size(), 0u);
  EXPECT_EQ(dynamic_address(map, DT_SYMTAB), 0u);
  EXPECT_EQ(find_symbol(map, "x"), nullptr);
}

TEST(LinkMap, the_dynamic_section_ends_at_its_null_entry) {
  Elf64_Dyn entries[] = {
      {DT_SONAME, {1}}, {DT_NULL, {0}}, {DT_TEXTREL, {0}}, {DT_NULL, {0}}};
  LinkMap map{};
  map.l_ld = entries;
  EXPECT_EQ(dynamic_of(map).size(), 1u);
  EXPECT_FALSE(dynamic_of(map).has_text_relocations());
}

// glibc adds the bias in place, musl and the vdso do not.
TEST(LinkMap, a_pointer_is_an_address_whether_or_not_the_bias_was_added) {
  Elf64_Dyn entries[] = {{DT_STRTAB, {0x400}}, {DT_NULL, {0}}};
  LinkMap map{};
  map.l_addr = 0x7f0000000000;
  map.l_ld = entries;
  EXPECT_EQ(dynamic_address(map, DT_STRTAB), 0x7f0000000400u);
  entries[0].d_un.d_ptr = 0x7f0000000400;
  EXPECT_EQ(dynamic_address(map, DT_STRTAB), 0x7f0000000400u);
  // The first byte of the object is one, too.
  entries[0].d_un.d_ptr = 0x7f0000000000;
  EXPECT_EQ(dynamic_address(map, DT_STRTAB), 0x7f0000000000u);
  map.l_addr = 0;  // a program that is not position-independent
  entries[0].d_un.d_ptr = 0x400400;
  EXPECT_EQ(dynamic_address(map, DT_STRTAB), 0x400400u);
}

TEST(Symbol, is_found_by_its_name_among_others_of_its_bucket) {
  TestObject object({"alpha", "beta", "gamma"});
  EXPECT_EQ(find_symbol(object.map(), "alpha"), object.address_of(0));
  EXPECT_EQ(find_symbol(object.map(), "beta"), object.address_of(1));
  EXPECT_EQ(find_symbol(object.map(), "gamma"), object.address_of(2));
}

TEST(Symbol, that_is_not_there_is_null) {
  TestObject object({"alpha", "beta"});
  EXPECT_EQ(find_symbol(object.map(), "alph"), nullptr);
  EXPECT_EQ(find_symbol(object.map(), "alphaa"), nullptr);
  EXPECT_EQ(find_symbol(object.map(), ""), nullptr);
  EXPECT_EQ(find_symbol(TestObject({}).map(), "alpha"), nullptr);
}

// "aR" and "b1" have one hash.
TEST(Symbol, of_another_name_with_the_same_hash_is_not_taken) {
  ASSERT_EQ(gnu_hash_of("aR"), gnu_hash_of("b1"));
  TestObject one({"aR"});
  EXPECT_EQ(find_symbol(one.map(), "aR"), one.address_of(0));
  EXPECT_EQ(find_symbol(one.map(), "b1"), nullptr);
  TestObject both({"aR", "b1"});
  EXPECT_EQ(find_symbol(both.map(), "b1"), both.address_of(1));
}

TEST(Symbol, that_the_object_only_refers_to_is_not_its_own) {
  TestObject object({"alpha"});
  object.make_undefined(0);
  EXPECT_EQ(find_symbol(object.map(), "alpha"), nullptr);
}

TEST(Symbol, needs_its_tables) {
  for (Elf64_Sxword tag : {DT_GNU_HASH, DT_SYMTAB, DT_STRTAB}) {
    TestObject object({"alpha"});
    ASSERT_NE(find_symbol(object.map(), "alpha"), nullptr);  // control
    object.drop(tag);
    EXPECT_EQ(find_symbol(object.map(), "alpha"), nullptr) << tag;
  }
}

}  // namespace
}  // namespace memseal::loader
