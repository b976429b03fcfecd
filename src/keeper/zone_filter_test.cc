// SPDX-License-Identifier: Apache-2.0
// The filter of a tree with a zone, for random calls: what it lets pass acts on
// free memory only. The rule is said here a second time, with 128-bit numbers
// and from the kernel's tables.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "bpf/machine.h"
#include "filter/action.h"
#include "filter/huge_pages.h"
#include "keeper/filter.h"
#include "keeper/protocol.h"

namespace memseal::keeper {
namespace {

using filter::Architecture;
using filter::action::allow;
using filter::action::notify;
__extension__ typedef unsigned __int128 Wide;

struct Numbers {
  Architecture architecture;
  std::uint32_t audit;
  std::uint32_t mprotect, pkey_mprotect, munmap, mmap, mremap, madvise;
  std::uint32_t brk, shmat, shmdt, remap_file_pages;
  Address stack;
};
constexpr Numbers machines[] = {
    {Architecture::x86_64, 0xc000003e, 10, 329, 11, 9, 25, 28, 12, 30, 67, 216,
     0x7ffc12345678},
    {Architecture::arm64, 0xc00000b7, 226, 288, 215, 222, 216, 233, 214, 196,
     197, 234, 0xffffc1234567},
    {Architecture::arm64, 0xc00000b7, 226, 288, 215, 222, 216, 233, 214, 196,
     197, 234, 0x7fffc12345},
};
constexpr std::uint64_t fixed = 0x10, noreplace = 0x100000;
constexpr std::uint64_t remap_fixed = 2, remap_dontunmap = 4;
constexpr std::uint64_t grows = 0x03000000;

class ZoneFilter {
public:
  explicit ZoneFilter(const Numbers &numbers, bool wide = false)
      : n(numbers),
        zone(ZoneShape::of(n.architecture, n.stack, wide)),
        parts(zone.free_parts(n.architecture)) {
    auto program = compile_filter(n.architecture, {.zone = zone}, storage_);
    if (program && bpf::check(program->instructions()))
      code_ = program->instructions();
    EXPECT_FALSE(code_.empty());
  }
  ZoneFilter(const ZoneFilter &) = delete;
  ZoneFilter &operator=(const ZoneFilter &) = delete;

  std::uint32_t operator()(std::uint32_t number,
                           std::array<std::uint64_t, 6> a = {}) const {
    bpf::SyscallData data;
    data.number = static_cast<std::int32_t>(number);
    data.architecture = n.audit;
    std::copy(a.begin(), a.end(), data.arguments);
    return bpf::run(code_, data).value_or(0xdead);
  }

  bool is_free(std::uint64_t address, std::uint64_t length) const {
    if (n.architecture == Architecture::arm64)
      address &= 0x00ffffffffffffff;
    const Wide end = Wide{address} + length;
    return length != 0 && std::ranges::any_of(parts, [&](PageRange part) {
             return part.begin() <= address && end <= part.end();
           });
  }

  /// What the kernel is not asked to change outside of free memory.
  bool may_pass(std::uint32_t number, const std::uint64_t *a) const {
    if (number == n.mprotect || number == n.pkey_mprotect)
      return (a[2] & grows) == 0 && is_free(a[0], a[1]);
    if (number == n.munmap || number == n.madvise)
      return is_free(a[0], a[1]);
    if (number == n.mmap)
      return (a[3] & fixed) == 0 || (a[3] & noreplace) != 0 ||
             is_free(a[0], a[1]);
    bool both = (a[3] & (remap_fixed | remap_dontunmap)) != 0;
    return is_free(a[0], a[1]) && (!both || is_free(a[4], a[2]));
  }

  const Numbers &n;
  ZoneShape zone;
  FreeParts parts;

private:
  bpf::Instruction storage_[most_instructions];
  std::span<const bpf::Instruction> code_;
};

TEST(ZoneFilter, lets_pass_what_names_free_memory_and_nothing_else) {
  std::mt19937_64 random(20251130);
  auto one_of = [&](auto... values) {
    std::array all{std::uint64_t{values}...};
    return all[random() % all.size()];
  };
  for (const Numbers &numbers : machines) {
    for (bool wide : {false, true}) {
      const ZoneFilter filter(numbers, wide);
      int passed = 0, shown = 0;
      auto near_border = [&] {
        const PageRange part = filter.parts[random() % filter.parts.size()];
        std::uint64_t border = one_of(part.begin(), part.end(), 0ul, ~0ul,
                                      part.begin() + part.size() / 2);
        std::uint64_t off = one_of(0ul, 1ul, 4095ul, 4096ul, 65536ul, 1ul << 32,
                                   random() >> (random() % 64));
        return random() % 2 != 0 ? border + off : border - off;
      };
      for (int i = 0; i < 200'000; ++i) {
        const auto number = static_cast<std::uint32_t>(
            one_of(numbers.mprotect, numbers.pkey_mprotect, numbers.munmap,
                   numbers.mmap, numbers.mremap, numbers.madvise));
        std::uint64_t a[6];
        for (std::uint64_t &argument : a)
          argument = near_border();
        if (random() % 2 != 0)
          a[1] = one_of(0ul, 1ul, 4096ul, 8192ul, near_border() - a[0]);
        if (random() % 2 != 0)
          a[2] = one_of(0ul, 1ul, 4096ul, near_border() - a[4]);
        if (number == numbers.mprotect || number == numbers.pkey_mprotect)
          a[2] = one_of(0ul, 1ul, 3ul, 0x01000000ul, 0x02000001ul);
        if (number == numbers.madvise)
          a[2] = one_of(4ul, 8ul, 9ul, 103ul, 102ul);
        if (number == numbers.mmap)
          a[3] = one_of(0x22ul, 0x32ul, 0x12ul, 0x100032ul, 0x40032ul);
        if (number == numbers.mremap)
          a[3] = one_of(0ul, 1ul, 3ul, 5ul, 7ul);
        const std::uint32_t answer =
            filter(number, {a[0], a[1], a[2], a[3], a[4], a[5]});
        ASSERT_EQ(answer, filter.may_pass(number, a) ? allow : notify)
            << number << std::hex << " " << a[0] << " " << a[1] << " " << a[2]
            << " " << a[3] << " " << a[4];
        ++(answer == allow ? passed : shown);
      }
      EXPECT_GT(passed, 10'000);
      EXPECT_GT(shown, 10'000);
    }
  }
}

TEST(ZoneFilter, asks_about_every_other_call_wherever_it_points) {
  for (const Numbers &n : machines) {
    const ZoneFilter filter(n);
    const std::uint64_t free = filter.parts[0].begin();
    EXPECT_EQ(filter(n.shmdt, {free}), notify);
    EXPECT_EQ(filter(n.shmat, {1, free, 040000}), notify);
    EXPECT_EQ(filter(n.remap_file_pages, {free, 4096}), notify);
    EXPECT_EQ(filter(n.mprotect, {free, 4096, 1}), allow);
  }
}

TEST(ZoneFilter, leaves_brk_to_the_kernel_but_for_who_asks_the_keeper) {
  for (const Numbers &n : machines) {
    const ZoneFilter filter(n);
    EXPECT_EQ(filter(n.brk, {0, keeper_cookie, 1}), notify);
    EXPECT_EQ(filter(n.brk, {0, 0}), allow);
    EXPECT_EQ(filter(n.brk, {0, keeper_cookie ^ 1}), allow);
    EXPECT_EQ(filter(n.brk, {0, keeper_cookie ^ 1ul << 63}), allow);
    EXPECT_EQ(filter(n.brk, {0x555555560000, keeper_cookie}), allow);
    EXPECT_EQ(filter(n.brk, {1ul << 32, keeper_cookie}), allow);
  }
}

TEST(ZoneFilter, asks_about_32_bit_calls_whatever_they_name) {
  bpf::Instruction storage[most_instructions];
  const ZoneFilter filter(machines[0]);
  auto program =
      compile_filter(Architecture::x86_64, {.zone = filter.zone}, storage);
  ASSERT_TRUE(program);
  for (std::int32_t number : {125, 91, 163, 90, 258 - 1}) {
    bpf::SyscallData data{.number = number, .architecture = 0x40000003};
    data.arguments[0] = filter.parts[0].begin();
    data.arguments[1] = 4096;
    EXPECT_EQ(bpf::run(program->instructions(), data), notify) << number;
  }
}

TEST(ZoneShape, has_borders_that_no_huge_page_reaches_over) {
  for (const Numbers &n : machines) {
    for (bool wide : {false, true}) {
      const ZoneShape shape = ZoneShape::of(n.architecture, n.stack, wide);
      ASSERT_TRUE(shape.exists());
      Address below = 0;
      for (PageRange part : shape.free_parts(n.architecture)) {
        for (Address border : {part.begin(), part.end()})
          EXPECT_EQ(border % filter::huge_page_sizes(n.architecture).back(),
                    0u);
        EXPECT_GT(part.begin(), below);
        below = part.end();
      }
      EXPECT_EQ(below, shape.border());
    }
  }
}

TEST(ZoneShape, leaves_out_where_the_kernel_puts_objects) {
  const FreeParts parts =
      ZoneShape::of(Architecture::x86_64, 0x7ffc12345678, false)
          .free_parts(Architecture::x86_64);
  constexpr std::uint64_t top = 0x7ffffffff000, random = 1ul << 44;
  auto expect_guarded = [&](std::uint64_t begin, std::uint64_t end) {
    EXPECT_FALSE(
        overlaps(parts, *PageRange::covering(begin, end - begin, 4096)))
        << std::hex << begin;
  };
  // 16 GiB of random stack, and 256 GiB of libraries.
  expect_guarded(top - random - (1ul << 34) - (1ul << 38), top);
  expect_guarded(0x555555554000, 0x555555554000 + random + (1ul << 34));
  expect_guarded(0x400000, 0x400000 + (1ul << 31));
  // Seen with `ulimit -s unlimited` and with `setarch -L`, 28 bits.
  expect_guarded(top / 6 - (1ul << 40) - (1ul << 34), top / 6);
  expect_guarded(top / 3, top / 3 + (1ul << 40) + (1ul << 34));
}

TEST(ZoneShape, is_none_where_memory_has_another_size) {
  for (Address stack : {0ul, 0xbffff000ul, 0xfffffffffff000ul})
    EXPECT_FALSE(ZoneShape::of(Architecture::x86_64, stack, false).exists());
  EXPECT_FALSE(ZoneShape::of(Architecture::arm64, 1ul << 41, false).exists());
}

}  // namespace
}  // namespace memseal::keeper
