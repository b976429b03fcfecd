// SPDX-License-Identifier: Apache-2.0
// Which pages a call touches, told from registers: what no machine of the
// matrix can try (huge pages, tags, ranges at the end of memory) is tried here.
#include <gtest/gtest.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <string>

#include "filter/syscall_table.h"
#include "keeper/protocol.h"
#include "supervisor/memory_call.h"

namespace memseal::supervisor {
namespace {

using filter::Architecture;
using Mapped = MemoryCall::Mapped;

constexpr std::size_t page = 4096;
constexpr std::uint64_t at = 0x7f0000000000;

struct Args {
  std::uint64_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0;
};

MemoryCall decoded(std::uint32_t audit, std::uint32_t number, Args args,
                   Architecture architecture) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = audit;
  std::uint64_t all[] = {args.a0, args.a1, args.a2, args.a3, args.a4, args.a5};
  for (int i = 0; i < 6; ++i)
    data.args[i] = all[i];
  return decode(data, page, architecture);
}

/// Of a program of this machine.
MemoryCall call(long number, std::uint64_t a0 = 0, std::uint64_t a1 = 0,
                std::uint64_t a2 = 0, std::uint64_t a3 = 0,
                std::uint64_t a4 = 0, std::uint64_t a5 = 0) {
  return decoded(native_arch, static_cast<std::uint32_t>(number),
                 {a0, a1, a2, a3, a4, a5}, filter::native_architecture());
}

TEST(Decode, numbers_of_another_architecture_are_not_ours) {
  MemoryCall foreign = decoded(native_arch ^ 1, SYS_munmap, {at, page},
                               filter::native_architecture());
  EXPECT_EQ(foreign.effect, Effect::none);
  EXPECT_TRUE(foreign.ranges.empty());
}

std::string pages_of(const MemoryCall &touched) {
  std::string text;
  for (PageRange range : touched.ranges) {
    text += std::to_string((range.begin() - at) / page) + "+" +
            std::to_string(range.size() / page) + " ";
  }
  return text;
}

TEST(Decode, an_unaligned_range_takes_its_first_and_last_page_whole) {
  EXPECT_EQ(pages_of(call(SYS_mprotect, at, 1)), "0+1 ");
  EXPECT_EQ(pages_of(call(SYS_mprotect, at, page + 1)), "0+2 ");
  EXPECT_EQ(pages_of(call(SYS_pkey_mprotect, at + page, page)), "1+1 ");
  EXPECT_EQ(pages_of(call(SYS_munmap, at, 0)), "");
}

TEST(Decode, a_range_that_wraps_is_looked_at_up_to_the_end_of_memory) {
  MemoryCall wrapping = call(SYS_munmap, at, ~0UL);
  ASSERT_EQ(wrapping.ranges.size(), 1u);
  EXPECT_EQ(wrapping.ranges[0].begin(), at);
  EXPECT_EQ(wrapping.ranges[0].end(), 0UL - page);
}

TEST(Decode, an_unaligned_range_to_the_end_of_memory_is_looked_at) {
  MemoryCall unaligned = call(SYS_munmap, at + 1, ~0UL);
  ASSERT_EQ(unaligned.ranges.size(), 1u);
  EXPECT_EQ(unaligned.ranges[0].begin(), at);
}

TEST(Decode, the_break_is_rounded_up_to_a_page) {
  for (std::uint64_t to : {at + 1, at + page - 1, at + page}) {
    MemoryCall lowered = call(SYS_brk, to);
    ASSERT_EQ(lowered.ranges.size(), 1u);
    EXPECT_EQ(lowered.ranges[0].begin(), at + page);
  }
}

/// What the calls touch in which an address may have a tag.
void expect_touched(std::uint64_t tagged, Architecture architecture,
                    bool expected) {
  const filter::SyscallTable &table = filter::tables_of(architecture)[0];
  for (std::uint32_t number : {table.mprotect, table.pkey_mprotect,
                               table.munmap, table.mremap, table.madvise}) {
    MemoryCall touched =
        decoded(table.audit_architecture, number,
                {tagged, page, number == table.madvise ? MADV_DONTNEED : page},
                architecture);
    bool is_page = touched.ranges.size() == 1 &&
                   touched.ranges[0] == *PageRange::create(at, page, page);
    EXPECT_EQ(is_page, expected) << tagged << " in call " << number;
  }
}

TEST(Decode, no_tag_of_arm64_hides_an_address) {  // S-41
  for (std::uint64_t tag = 0; tag < 256; ++tag)
    expect_touched(at | tag << 56, Architecture::arm64, true);
  // Twin: bit 55 is no tag, and means the kernel.
  expect_touched(at | 1UL << 55, Architecture::arm64, false);
}

TEST(Decode, no_tag_of_LAM_hides_an_address) {  // S-41
  for (std::uint64_t tag = 0; tag < 64; ++tag)
    expect_touched(at | tag << 57, Architecture::x86_64, true);
  // Twins: bit 56 is an address's with five levels, bit 63 means the kernel.
  for (int bit : {56, 63})
    expect_touched(at | 1UL << bit, Architecture::x86_64, false);
}

TEST(Decode, mmap_touches_what_it_is_fixed_to) {
  constexpr unsigned fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  EXPECT_EQ(pages_of(call(SYS_mmap, at, page, 0, fixed)), "0+1 ");
  EXPECT_EQ(call(SYS_mmap, at, page, 0, MAP_ANONYMOUS).effect, Effect::none);
  EXPECT_EQ(call(SYS_mmap, at, page, 0, fixed | MAP_FIXED_NOREPLACE).effect,
            Effect::none);
}

TEST(Decode, mmap_of_huge_pages_is_rounded_up_to_what_the_flags_say) {  // S-33
  constexpr unsigned huge = MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB;
  EXPECT_EQ(
      pages_of(call(SYS_mmap, at, page, 0, huge | (21 << MAP_HUGE_SHIFT))),
      "0+512 ");
  EXPECT_EQ(
      pages_of(call(SYS_mmap, at, page, 0, huge | (30 << MAP_HUGE_SHIFT))),
      "0+262144 ");
  EXPECT_EQ(call(SYS_mmap, at, page, 0, huge).mapped, Mapped::as_default);
  EXPECT_EQ(call(SYS_mmap, at, page, 0, MAP_FIXED | MAP_ANONYMOUS, 7).mapped,
            Mapped::as_decoded);
}

TEST(Decode, mmap_of_a_file_is_rounded_up_to_what_the_file_says) {  // S-33
  constexpr unsigned lying = MAP_HUGETLB | (12 << MAP_HUGE_SHIFT);
  for (unsigned flags : {0U, unsigned{MAP_HUGETLB}, lying}) {
    MemoryCall file = call(SYS_mmap, at, page, 0, MAP_FIXED | flags, 7, 8192);
    EXPECT_EQ(file.mapped, Mapped::as_file);
    EXPECT_EQ(file.file, 7);
    EXPECT_EQ(pages_of(file), "0+1 ");
    MemoryCall huge = file;
    huge.round_up(2 << 20);
    EXPECT_EQ(pages_of(huge), "0+512 ");
    // A file that nothing is known of: its offset is right for no huge page.
    file.round_up_to_any(Architecture::x86_64);
    EXPECT_EQ(pages_of(file), "0+1 ");
  }
}

TEST(Decode, what_is_not_known_is_rounded_up_to_the_largest_page_that_fits) {
  constexpr std::uint64_t huge = 2 << 20;
  MemoryCall file = call(SYS_mmap, at + huge, page, 0, MAP_FIXED, 7, huge);
  file.round_up_to_any(Architecture::x86_64);
  EXPECT_EQ(pages_of(file), "512+512 ");
  MemoryCall giant = call(SYS_mmap, at, page, 0, MAP_FIXED, 7, 0);
  giant.round_up_to_any(Architecture::x86_64);
  EXPECT_EQ(pages_of(giant), "0+262144 ");
}

TEST(Decode, mremap_touches_where_it_comes_from_and_where_it_is_fixed_to) {
  EXPECT_EQ(pages_of(call(SYS_mremap, at, page, 2 * page, MREMAP_MAYMOVE,
                          at + 8 * page)),
            "0+1 ");
  EXPECT_EQ(pages_of(call(SYS_mremap, at, page, 2 * page,
                          MREMAP_MAYMOVE | MREMAP_FIXED, at + 8 * page)),
            "0+1 8+2 ");
  // An old length of 0 makes an alias.
  EXPECT_EQ(pages_of(call(SYS_mremap, at, 0, page)), "0+1 ");
}

TEST(Decode, mremap_of_huge_pages_lands_on_all_of_them) {
  constexpr unsigned fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
  constexpr std::uint64_t huge = 2 << 20, from = at + (64UL << 30);
  EXPECT_EQ(pages_of(call(SYS_mremap, from + huge, page, page, fixed, at)),
            "16777728+1 0+512 ");
  // Behind an ordinary page: Linux 6.17 moves both.
  EXPECT_EQ(pages_of(call(SYS_mremap, from - page, 2 * page, 2 * page, fixed,
                          at + huge - page)),
            "16777215+2 511+513 ");
  // Twins: no huge page fits both addresses, none begins in the range.
  EXPECT_EQ(pages_of(call(SYS_mremap, from + page, page, page, fixed, at)),
            "16777217+1 0+1 ");
  EXPECT_EQ(
      pages_of(call(SYS_mremap, from + page, page, page, fixed, at + page)),
      "16777217+1 1+1 ");
  EXPECT_EQ(call(SYS_mremap, from, page, ~0UL, fixed, at).ranges[1].end(),
            0UL - page);
}

TEST(Decode, advice_discards_or_is_harmless) {
  for (int advice : {MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
                     MADV_WIPEONFORK, 24, 100, 102, 103})
    EXPECT_EQ(call(SYS_madvise, at, page, advice).effect, Effect::discard);
  for (int advice : {MADV_WILLNEED, MADV_DODUMP, MADV_DONTDUMP, MADV_NORMAL,
                     MADV_RANDOM, MADV_SEQUENTIAL, MADV_DOFORK})
    EXPECT_EQ(call(SYS_madvise, at, page, advice).effect, Effect::none);
  // The kernel takes the low word alone.
  EXPECT_EQ(call(SYS_madvise, at, page, (1UL << 32) | MADV_DONTNEED).effect,
            Effect::discard);
}

TEST(Decode, calls_without_a_range_are_known) {
  EXPECT_EQ(call(SYS_brk, 0).effect, Effect::none);
  EXPECT_EQ(call(SYS_brk, at).effect, Effect::lower_break);
  EXPECT_EQ(call(SYS_brk, 0, keeper::keeper_cookie).effect, Effect::request);
  EXPECT_EQ(call(SYS_brk, at, keeper::keeper_cookie).effect,
            Effect::lower_break);
  EXPECT_EQ(call(SYS_shmat, 1, at, 0).effect, Effect::none);
  EXPECT_EQ(call(SYS_shmat, 1, at, SHM_REMAP).effect, Effect::attach_over);
  EXPECT_EQ(call(SYS_shmdt, at).effect, Effect::detach);
  EXPECT_EQ(call(SYS_prctl, PR_SET_MM).effect, Effect::refused);
  EXPECT_EQ(call(SYS_prctl, PR_SET_DUMPABLE).effect, Effect::hides);
  EXPECT_EQ(call(SYS_setuid, 1).effect, Effect::hides);
  EXPECT_EQ(call(SYS_prctl, PR_SET_NAME).effect, Effect::none);
  EXPECT_EQ(call(SYS_getpid).effect, Effect::none);
}

/// By int 0x80, or of a 32-bit program.
MemoryCall call_of_i386(std::uint32_t number, Args args) {
  return decoded(0x40000003, number, args, Architecture::x86_64);
}

TEST(Decode, i386s_numbers_are_its_own) {  // S-39
  constexpr std::uint64_t low = 0x8048000;
  auto first_page = [](const MemoryCall &touched) {
    return touched.ranges.empty() ? 0 : touched.ranges[0].begin();
  };
  MemoryCall protect = call_of_i386(125, {low, page, PROT_READ});
  EXPECT_EQ(protect.effect, Effect::change);
  EXPECT_EQ(first_page(protect), low);
  EXPECT_EQ(first_page(call_of_i386(91, {low, page})), low);
  EXPECT_EQ(call_of_i386(163, {low, page, page}).effect, Effect::change);
  EXPECT_EQ(call_of_i386(219, {low, page, MADV_DONTNEED}).effect,
            Effect::discard);
  EXPECT_EQ(call_of_i386(45, {low}).effect, Effect::lower_break);
  EXPECT_EQ(call_of_i386(398, {low}).effect, Effect::detach);
  // mmap2 counts the offset in pages.
  MemoryCall file = call_of_i386(192, {low, page, 0, MAP_FIXED, 7, 512});
  EXPECT_EQ(file.effect, Effect::change);
  EXPECT_EQ(file.offset, 512 * page);
  // Their arguments lie in memory, or are of many kinds.
  EXPECT_EQ(call_of_i386(90, {low}).effect, Effect::unseen);
  EXPECT_EQ(call_of_i386(117, {22}).effect, Effect::unseen);
  // getpid is no mprotect there, 10 is unlink, and 105 getitimer.
  EXPECT_EQ(call_of_i386(20, {}).effect, Effect::none);
  EXPECT_EQ(call_of_i386(10, {low, page}).effect, Effect::none);
  EXPECT_EQ(call_of_i386(105, {}).effect, Effect::none);
}

TEST(Decode, only_brk_moves_the_break) {
  auto moves = [](std::uint32_t audit, int number, std::uint64_t address) {
    seccomp_data data{};
    data.nr = number;
    data.arch = audit;
    data.args[0] = address;
    return moves_break(data);
  };
  EXPECT_TRUE(moves(native_arch, SYS_brk, at));
  EXPECT_FALSE(moves(native_arch, SYS_brk, 0));
  EXPECT_FALSE(moves(native_arch, SYS_munmap, at));
  EXPECT_FALSE(moves(native_arch ^ 1, SYS_brk, at));
}

}  // namespace
}  // namespace memseal::supervisor
