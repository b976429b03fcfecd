// SPDX-License-Identifier: Apache-2.0
// Stubs of a made-up object, of which the file lies in a temporary folder: how
// they are in the copies that would be moved over them.
#include "loader/stub_copier.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "elf/test_image.h"

namespace memseal::loader {
namespace {

constexpr std::size_t page = 0x1000, size = 9 * page, stubs = 0x2000,
                      plt_got = 0x7000, slots = 0x7018;

void put_jump(std::string &file, std::size_t at, unsigned char opcode,
              std::size_t to) {
  const auto distance = static_cast<std::int32_t>(to - (at + 6));
  file[at] = '\xff';
  file[at + 1] = static_cast<char>(opcode);
  std::memcpy(&file[at + 2], &distance, sizeof distance);
}

/// The resolver's stub and two for functions, at the beginning of the text.
class StubCopier : public testing::Test {
protected:
  void load(std::size_t text_begin = stubs) {
    auto headers = elf::usual_headers();
    for (Elf64_Phdr &header : headers) {
      if (header.p_type == PT_LOAD && header.p_flags == (PF_R | PF_X)) {
        header.p_vaddr = header.p_offset = text_begin;
        header.p_filesz = header.p_memsz =
            header.p_filesz - (text_begin - stubs);
      }
    }
    std::string file = elf::file_of(headers, size);
    put_jump(file, stubs + 0x20, 0x35, plt_got + 8);
    put_jump(file, stubs + 0x26, 0x25, plt_got + 16);
    put_jump(file, stubs + 0x30, 0x25, slots);
    put_jump(file, stubs + 0x40, 0x25, slots + 8);
    path_ = testing::TempDir() + "memseal-stubs";
    std::ofstream(path_) << file;
    begin_ = static_cast<char *>(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memcpy(begin_, file.data(), size);
    map_.l_addr = reinterpret_cast<Address>(begin_);
    object_.map = &map_;
    object_.plt_got = at(plt_got);
    object_.only_slots = object_.all_writable = true;
    elf::Bytes bytes{reinterpret_cast<std::byte *>(begin_), size};
    object_.headers = *elf::read_program_headers(bytes);
    ASSERT_TRUE(
        elf::Layout::create(object_.headers, {.bias = at(0)}, object_.layout));
    object_.writable.start(at(slots), 2);
    object_.bound.start(at(slots), 2);
    for (std::size_t slot : {slots, slots + 8}) {
      object_.writable.add(at(slot));
      object_.bound.add(at(slot));
    }
  }
  ~StubCopier() override {
    munmap(begin_, size);
    std::remove(path_.c_str());
  }

  Address at(std::size_t offset) const {
    return reinterpret_cast<Address>(begin_) + offset;
  }

  Reason copy() {
    auto file = sys::FileReader::open(path_.c_str());
    const SlotRoom room{.slots = 16, .pages = 4};
    EXPECT_TRUE(block_.map_for(object_.layout.extent(), room));
    auto words = block_.take_slots(16);
    copies_ = reinterpret_cast<Address>(words.data());
    Reason reason = copy_stubs({object_, *file, copies_, block_, led_}, words);
    // Executable, where the stubs are.
    if (reason == Reason::none) {
      EXPECT_TRUE(block_.move());
    }
    return reason;
  }

  /// What the stub at `offset` jumps through now.
  Address led_to(std::size_t offset) const {
    auto stub = elf::read_stub_x86_64(
        {{reinterpret_cast<std::byte *>(begin_), size}, at(0)}, offset);
    return stub ? stub->slot : 0;
  }

  std::string path_;
  char *begin_ = nullptr;
  ::link_map map_{};
  PltObject object_;
  SlotBlock block_;
  elf::SlotSet led_;
  Address copies_ = 0;
};

// S-83
TEST_F(StubCopier, leads_stubs_to_the_copies_and_traps_who_resolves) {
#if defined(__x86_64__)
  load();
  ASSERT_EQ(copy(), Reason::none);
  EXPECT_EQ(led_.size(), 2u);
  EXPECT_EQ(led_to(stubs + 0x30), copies_);
  EXPECT_EQ(led_to(stubs + 0x40), copies_ + 8);
  EXPECT_EQ(std::string(begin_ + stubs + 0x20, 12), std::string(12, '\xcc'));
#else
  GTEST_SKIP() << "stubs are changed on x86-64 only";
#endif
}

// S-83
TEST_F(StubCopier, leaves_what_is_bound_later_and_who_resolves_it) {
#if defined(__x86_64__)
  load();
  object_.bound.start(at(slots), 2);
  object_.bound.add(at(slots + 8));
  ASSERT_EQ(copy(), Reason::none);
  EXPECT_EQ(led_to(stubs + 0x30), at(slots));
  EXPECT_EQ(led_to(stubs + 0x40), copies_ + 8);
  EXPECT_EQ(begin_[stubs + 0x20], '\xff');
#else
  GTEST_SKIP() << "stubs are changed on x86-64 only";
#endif
}

// S-83
TEST_F(StubCopier, takes_no_code_that_is_not_the_files) {
#if defined(__x86_64__)
  load();
  begin_[stubs + 0x800] = '\xcc';  // a breakpoint
  EXPECT_EQ(copy(), Reason::slots_file);
  EXPECT_EQ(led_to(stubs + 0x30), at(slots));
#else
  GTEST_SKIP() << "stubs are changed on x86-64 only";
#endif
}

TEST_F(StubCopier, finds_segments_that_begin_within_a_page) {
#if defined(__x86_64__)
  load(stubs + 0x18);  // as lld lays them
  ASSERT_EQ(copy(), Reason::none);
  EXPECT_EQ(led_.size(), 2u);
#else
  GTEST_SKIP() << "stubs are changed on x86-64 only";
#endif
}

}  // namespace
}  // namespace memseal::loader
