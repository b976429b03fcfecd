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

#include "keeper/protocol.h"
#include "supervisor/memory_call.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t page = 4096;
constexpr std::uint64_t at = 0x7f0000000000;

MemoryCall call(long number, std::uint64_t a0 = 0, std::uint64_t a1 = 0,
                std::uint64_t a2 = 0, std::uint64_t a3 = 0,
                std::uint64_t a4 = 0) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = native_arch;
  std::uint64_t args[] = {a0, a1, a2, a3, a4};
  for (int i = 0; i < 5; ++i)
    data.args[i] = args[i];
  return decode(data, page);
}

TEST(Decode, numbers_of_another_architecture_are_not_ours) {
  seccomp_data data{};
  data.nr = SYS_munmap;
  data.arch = native_arch ^ 1;
  data.args[0] = at;
  data.args[1] = page;
  EXPECT_EQ(decode(data, page).effect, Effect::none);
  EXPECT_TRUE(decode(data, page).ranges.empty());
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

TEST(Decode, a_tag_does_not_hide_an_address) {
  EXPECT_EQ(pages_of(call(SYS_munmap, at | (0x2aUL << 57), page)), "0+1 ");
}

TEST(Decode, mmap_touches_what_it_is_fixed_to) {
  constexpr unsigned fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  EXPECT_EQ(pages_of(call(SYS_mmap, at, page, 0, fixed)), "0+1 ");
  EXPECT_EQ(call(SYS_mmap, at, page, 0, MAP_ANONYMOUS).effect, Effect::none);
  EXPECT_EQ(call(SYS_mmap, at, page, 0, fixed | MAP_FIXED_NOREPLACE).effect,
            Effect::none);
}

TEST(Decode, mmap_of_huge_pages_is_rounded_up_to_them) {
  constexpr unsigned huge = MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB;
  EXPECT_EQ(pages_of(call(SYS_mmap, at, page, 0, huge)), "0+512 ");
  EXPECT_EQ(
      pages_of(call(SYS_mmap, at, page, 0, huge | (30 << MAP_HUGE_SHIFT))),
      "0+262144 ");
  // A file may be on hugetlbfs: the keeper looks.
  EXPECT_EQ(call(SYS_mmap, at, page, 0, MAP_FIXED, 7).file, 7);
  EXPECT_FALSE(call(SYS_mmap, at, page, 0, MAP_FIXED | MAP_ANONYMOUS, 7).file);
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

TEST(Decode, advice_discards_clears_a_mark_or_is_harmless) {
  for (int advice : {MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK,
                     MADV_WIPEONFORK, 24, 102})
    EXPECT_EQ(call(SYS_madvise, at, page, advice).effect, Effect::discard);
  for (int advice : {MADV_DODUMP, MADV_NORMAL, MADV_SEQUENTIAL})
    EXPECT_EQ(call(SYS_madvise, at, page, advice).effect, Effect::clear_mark);
  for (int advice : {MADV_WILLNEED, MADV_DONTDUMP, MADV_RANDOM, MADV_DOFORK})
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

}  // namespace
}  // namespace memseal::supervisor
