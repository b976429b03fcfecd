// SPDX-License-Identifier: Apache-2.0
#include "elf/plt.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace memseal::elf {
namespace {

constexpr Address begin = 0x7f0000001000, slot = 0x7f0000004018;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> out;
  for (unsigned value : values)
    out.push_back(static_cast<std::byte>(value));
  return out;
}

/// Appends the displacement from behind itself to an address.
void append_distance(std::vector<std::byte> &code, Address to) {
  auto distance = static_cast<std::int32_t>(to - (begin + code.size() + 4));
  auto *raw = reinterpret_cast<std::byte *>(&distance);
  code.insert(code.end(), raw, raw + 4);
}

/// A stub: what stands before the jump, the jump through `slot`, and the rest.
std::vector<std::byte> stub(std::initializer_list<unsigned> before,
                            std::initializer_list<unsigned> after = {}) {
  std::vector<std::byte> code = bytes(before);
  code.push_back(std::byte{0xff});
  code.push_back(std::byte{0x25});
  append_distance(code, slot);
  for (std::byte byte : bytes(after))
    code.push_back(byte);
  return code;
}

TEST(Plt, stubs_of_every_linker_are_known) {
  const std::vector<std::vector<std::byte>> stubs{
      stub({}, {0x68, 1, 0, 0, 0, 0xe9, 0, 0, 0, 0}),  // GNU ld, gold, lld
      stub({}, {0x66, 0x90}),                          // .plt.got
      stub({0xf2}, {0x90}),                            // -z bndplt
      stub({0xf3, 0x0f, 0x1e, 0xfa}, {0x66, 0x0f, 0x1f, 0x44, 0, 0}),
      stub({0xf3, 0x0f, 0x1e, 0xfa, 0xf2}, {0x0f, 0x1f, 0x44, 0, 0}),
      stub({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 7, 0, 0, 0}),  // mold
  };
  for (const auto &code : stubs) {
    auto found = read_stub_x86_64({code, begin}, 0);
    ASSERT_TRUE(found) << code.size();
    EXPECT_EQ(found->slot, slot);
  }
}

TEST(Plt, other_jumps_are_no_stubs) {
  auto code = stub({});
  code[1] = std::byte{0x15};  // call through the slot
  EXPECT_FALSE(read_stub_x86_64({code, begin}, 0));
  EXPECT_FALSE(read_stub_x86_64({stub({0x90}), begin}, 0));  // one byte later
  EXPECT_FALSE(read_stub_x86_64({stub({0x41, 0xbb, 7, 0, 0, 0}), begin}, 0));
}

TEST(Plt, code_that_ends_within_a_stub_is_not_read_on) {
  const auto whole = stub({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0xbb, 7, 0, 0, 0});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<std::byte> cut(whole.begin(),
                               whole.begin() + static_cast<long>(size));
    EXPECT_FALSE(read_stub_x86_64({cut, begin}, 0)) << size;
    EXPECT_FALSE(read_stub_x86_64({cut, begin}, size + 1)) << size;
  }
}

TEST(Plt, a_stub_is_pointed_elsewhere_within_its_reach_only) {
  auto code = stub({0xf2}, {0x90});
  const auto before = code;
  Stub found = *read_stub_x86_64({code, begin}, 0);
  for (Address to : {begin - 0x1000, begin + 0x7ffffff0, begin - 0x7ffffff0}) {
    ASSERT_TRUE(point_stub_x86_64(code, begin, found, to));
    EXPECT_EQ(read_stub_x86_64({code, begin}, 0)->slot, to);
  }
  // Nothing but the displacement.
  EXPECT_EQ(code[2], before[2]);
  EXPECT_EQ(code[7], before[7]);
  const auto last = code;
  for (Address to : {begin + 0x80000010, begin - 0x80000010, Address{0}}) {
    EXPECT_FALSE(point_stub_x86_64(code, begin, found, to));
    EXPECT_EQ(code, last);
  }
}

TEST(Plt, the_stub_that_enters_the_resolver_is_known_by_its_words) {
  for (const auto &prefix :
       {bytes({}), bytes({0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x53})}) {
    for (bool bnd : {false, true}) {
      auto code = prefix;
      for (std::byte byte : bytes({0xff, 0x35}))
        code.push_back(byte);
      append_distance(code, slot + 8);
      if (bnd)
        code.push_back(std::byte{0xf2});
      for (std::byte byte : bytes({0xff, 0x25}))
        code.push_back(byte);
      append_distance(code, slot + 16);
      EXPECT_EQ(read_resolver_stub_x86_64({code, begin}, 0, slot), code.size());
      EXPECT_EQ(read_resolver_stub_x86_64({code, begin}, 0, slot + 8), 0u);
      code.pop_back();
      EXPECT_EQ(read_resolver_stub_x86_64({code, begin}, 0, slot), 0u);
    }
  }
}

std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
  std::vector<std::byte> out(values.size() * 4);
  std::memcpy(out.data(), values.begin(), out.size());
  return out;
}

TEST(Plt, stubs_of_arm64_are_known_and_pointed_elsewhere) {
  // adrp x16, +3 pages; ldr x17, [x16, #24]; add x16, x16, #24; br x17
  auto code = words({0xf0000010, 0xf9400e11, 0x91006210, 0xd61f0220});
  auto found = read_stub_aarch64({code, begin}, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->slot, slot);
  for (Address to : {begin - 0x1000, begin + 0xffff8, begin + 0xfffff000,
                     begin - 0x100000000 + 8}) {
    ASSERT_TRUE(point_stub_aarch64(code, begin, *found, to));
    EXPECT_EQ(read_stub_aarch64({code, begin}, 0)->slot, to);
  }
  const auto last = code;
  for (Address to : {begin + 0x100000000, begin - 0x100001000, begin + 4}) {
    EXPECT_FALSE(point_stub_aarch64(code, begin, *found, to));
    EXPECT_EQ(code, last);
  }
}

TEST(Plt, other_code_of_arm64_is_no_stub) {
  const auto good = words({0xf0000010, 0xf9400e11, 0x91006210, 0xd61f0220});
  for (std::size_t word = 0; word < 4; ++word) {
    auto code = good;
    code[word * 4] ^= std::byte{1};  // another register
    EXPECT_FALSE(read_stub_aarch64({code, begin}, 0)) << word;
  }
  // The word that is loaded and the one that the resolver is told differ.
  EXPECT_FALSE(read_stub_aarch64(
      {words({0xf0000010, 0xf9400e11, 0x91008210, 0xd61f0220}), begin}, 0));
  EXPECT_FALSE(read_stub_aarch64({Bytes(good).first(12), begin}, 0));
  EXPECT_FALSE(read_stub_aarch64({good, begin}, 4));
  EXPECT_FALSE(read_stub_aarch64({good, begin}, 2));
}

TEST(SlotSet, holds_words_of_its_run_only) {
  constexpr Address last_word = Address{99} * 8;
  SlotSet set;
  ASSERT_TRUE(set.start(slot, 100));
  EXPECT_FALSE(set.has(slot));
  set.add(slot);
  set.add(slot + last_word);
  set.add(slot);
  EXPECT_EQ(set.size(), 2u);
  EXPECT_TRUE(set.has(slot) && set.has(slot + last_word));
  for (Address other : {slot + 8, slot + 4, slot - 8, slot + last_word + 8})
    EXPECT_FALSE(set.has(other)) << other - slot;
  ASSERT_TRUE(set.start(slot, 100));
  EXPECT_FALSE(set.has(slot));
  EXPECT_FALSE(set.start(slot, SlotSet::capacity + 1));
  EXPECT_FALSE(set.has(slot));
}

TEST(PltRelocations, are_whole_entries) {
  Elf64_Rela entries[2] = {{.r_offset = 1, .r_info = 2, .r_addend = 3}, {}};
  PltRelocations table(std::as_bytes(std::span(entries)).first(47));
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table[0].r_offset, 1u);
  EXPECT_EQ(table[0].r_info, 2u);
}

}  // namespace
}  // namespace memseal::elf
