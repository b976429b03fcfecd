// SPDX-License-Identifier: Apache-2.0
// The compiler, tried in the interpreter on both architectures: tables of
// cases, and random ranges against an oracle that adds in 128 bits.
#include <gtest/gtest.h>
#include <linux/mman.h>

#include <random>
#include <vector>

#include "bpf/machine.h"
#include "filter/compiler.h"

namespace memseal::filter {
namespace {

constexpr std::size_t page = 4096;
constexpr std::uint32_t allow = 0x7fff0000, eperm = 0x00050001;
constexpr std::uint64_t all_64 = ~std::uint64_t{0};
constexpr Address base = 0x7f12'3450'0000;

struct Call {
  std::uint32_t number;
  std::uint64_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0;
};

PageRange range(Address begin, std::size_t size) {
  return *PageRange::create(begin, size, page);
}

class Filter {
public:
  explicit Filter(std::vector<GuardedRange> ranges, RangeOptions options = {},
                  std::size_t table = 0)
      : table_(tables_of(options.architecture)[table]), ranges_(ranges) {
    std::vector<PageRange> scratch(ranges.size(), range(0, page));
    auto program = compile(ranges_, options, storage_, scratch);
    EXPECT_TRUE(program.has_value());
    if (program)
      code_.assign(program->instructions().begin(),
                   program->instructions().end());
    EXPECT_TRUE(bpf::check(code_).has_value());
  }
  std::uint32_t operator()(Call call) const {
    auto got = bpf::run(
        code_,
        {.number = static_cast<std::int32_t>(call.number),
         .architecture = table_.audit_architecture,
         .arguments = {call.a0, call.a1, call.a2, call.a3, call.a4, call.a5}});
    return got.value_or(0xdead);
  }
  const SyscallTable &nr() const { return table_; }
  std::size_t size() const { return code_.size(); }

private:
  SyscallTable table_;
  std::vector<GuardedRange> ranges_;
  std::vector<bpf::Instruction> storage_ =
      std::vector<bpf::Instruction>(bpf::max_instructions);
  std::vector<bpf::Instruction> code_;
};

GuardedRange all(Address begin, std::size_t size) {
  return {range(begin, size), seal_type::all};
}

class OnEach : public testing::TestWithParam<std::pair<Architecture, int>> {
protected:
  Filter filter(std::vector<GuardedRange> ranges, RangeOptions options = {}) {
    options.architecture = GetParam().first;
    return Filter(ranges, options, static_cast<std::size_t>(GetParam().second));
  }
  bool is_32_bit() const { return GetParam().second == 1; }
};
INSTANTIATE_TEST_SUITE_P(tables, OnEach,
                         testing::Values(std::pair{Architecture::x86_64, 0},
                                         std::pair{Architecture::x86_64, 1},
                                         std::pair{Architecture::arm64, 0},
                                         std::pair{Architecture::arm64, 1}));

TEST_P(OnEach, a_call_is_refused_if_it_touches_one_byte_of_a_sealed_page) {
  Filter f = filter({all(base, 2 * page)});
  std::uint32_t munmap = f.nr().munmap;
  struct Case {
    std::uint64_t address, length;
    std::uint32_t verdict;
  };
  const Case cases[] = {
      {base, page, eperm},
      {base + page, page, eperm},
      {base - page, page, allow},
      {base - page, page + 1, eperm},
      {base + 2 * page, page, allow},
      {base + 2 * page - 1, 1, eperm},
      {base + 1, 1, eperm},
      {0, base, allow},
      {0, base + 1, eperm},
      {base, 0, allow},
      {base, all_64, eperm},
      {0, all_64, eperm},
      {base + 2 * page, all_64, eperm},  // wraps: judged to the end of memory
      {base - page, 1, allow},
      {0, 0, allow},
      {all_64, 1, allow},
      {all_64, all_64, allow},  // wraps, above everything sealed
  };
  for (const Case &c : cases) {
    if (c.address == base + 2 * page && c.length == all_64)
      continue;  // below
    EXPECT_EQ(f({munmap, c.address, c.length}), c.verdict)
        << std::hex << c.address << " + " << c.length;
  }
  // Above the last sealed page, wrapping: nothing sealed lies up there.
  EXPECT_EQ(f({munmap, base + 2 * page, all_64}), allow);
}

TEST_P(OnEach, an_unrelated_call_is_allowed) {
  Filter f = filter({all(base, page)});
  EXPECT_EQ(f({39, base, page}), allow);
}

TEST_P(OnEach, ranges_may_lie_on_both_sides_of_4_gib_and_of_a_window) {
  constexpr Address four_gib = Address{1} << 32, window = Address{8} << 40;
  Filter f = filter({all(four_gib - page, 2 * page),
                     all(window - page, 2 * page), all(3 * window, page)});
  std::uint32_t munmap = f.nr().munmap;
  for (Address edge : {four_gib, window}) {
    EXPECT_EQ(f({munmap, edge - page, page}), eperm);
    EXPECT_EQ(f({munmap, edge, page}), eperm);
    EXPECT_EQ(f({munmap, edge - 2 * page, page}), allow);
    EXPECT_EQ(f({munmap, edge + page, page}), allow);
    EXPECT_EQ(f({munmap, edge - 2 * page, 8 * page}), eperm);
  }
  EXPECT_EQ(f({munmap, window + page, 2 * window - page}), allow);
  EXPECT_EQ(f({munmap, window + page, 2 * window}), eperm);
  EXPECT_EQ(f({munmap, window + page, 5 * window}), eperm);
  EXPECT_EQ(f({munmap, 3 * window + page, 5 * window}), allow);
}

TEST_P(OnEach, each_type_forbids_its_own_calls_only) {
  struct Row {
    SealTypes type;
    std::uint32_t verdict[6];  // mprotect munmap mmap mremap madvise remap_file
  };
  const Row rows[] = {
      {seal_type::mprotect, {eperm, allow, allow, allow, allow, allow}},
      {seal_type::munmap, {allow, eperm, allow, allow, allow, allow}},
      {seal_type::mmap, {allow, allow, eperm, allow, allow, eperm}},
      {seal_type::mremap, {allow, allow, allow, eperm, allow, allow}},
      {seal_type::discard, {allow, allow, allow, allow, eperm, allow}},
      {seal_type::seal, {allow, allow, allow, allow, allow, allow}},
      {seal_type::all, {eperm, eperm, eperm, eperm, eperm, eperm}},
  };
  for (const Row &row : rows) {
    Filter f = filter({{range(base, page), row.type}});
    const SyscallTable &nr = f.nr();
    EXPECT_EQ(f({nr.mprotect, base, page, 3}), row.verdict[0]);
    EXPECT_EQ(f({nr.pkey_mprotect, base, page, 3, all_64}), row.verdict[0]);
    EXPECT_EQ(f({nr.munmap, base, page}), row.verdict[1]);
    EXPECT_EQ(f({nr.mmap, base, page, 3, MAP_FIXED | MAP_ANONYMOUS}),
              row.verdict[2]);
    EXPECT_EQ(f({nr.mremap, base, page, page, 0}), row.verdict[3]);
    EXPECT_EQ(f({nr.madvise, base, page, 4}), row.verdict[4]);
    EXPECT_EQ(f({nr.remap_file_pages, base, page}), row.verdict[5]);
  }
}

TEST_P(OnEach, mmap_is_judged_only_when_it_replaces) {
  Filter f = filter({all(base, page)});
  std::uint32_t mmap = f.nr().mmap;
  EXPECT_EQ(f({mmap, base, page, 3, MAP_ANONYMOUS}), allow);
  EXPECT_EQ(f({mmap, base, page, 3, MAP_ANONYMOUS | 0x100000}), allow);
  EXPECT_EQ(f({mmap, base, page, 3, MAP_ANONYMOUS | MAP_FIXED}), eperm);
  EXPECT_EQ(f({mmap, base, page, 3, MAP_ANONYMOUS | MAP_FIXED | 0x100000}),
            eperm);
  EXPECT_EQ(f({mmap, base, page, 3, MAP_FIXED, 5, 0x1000}), eperm);
}

TEST_P(OnEach, where_pages_may_be_huge_the_end_is_rounded_up) {
  constexpr std::size_t mib = 1 << 20;
  constexpr Address huge = 0x7f00'0020'0000, giant = 0x7e80'4000'0000;
  Filter f = filter({all(giant + 600 * mib, page), all(huge + mib, page)});
  std::uint32_t mmap = f.nr().mmap, anonymous = MAP_ANONYMOUS | MAP_FIXED;
  EXPECT_EQ(f({mmap, huge, page, 3, anonymous}), allow);
  EXPECT_EQ(f({mmap, huge, page, 3, anonymous | MAP_HUGETLB}), eperm);
  EXPECT_EQ(f({mmap, giant, page, 3, anonymous | MAP_HUGETLB}), eperm);
  EXPECT_EQ(f({mmap, huge + page, page, 3, anonymous | MAP_HUGETLB}), allow);
  // A file may be one of huge pages if its offset is aligned like its address.
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, 0}), eperm);
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, 2 * mib}), eperm);
  if (!is_32_bit()) {
    EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, 0x3000}), allow);
  }
}

TEST_P(OnEach, a_file_is_judged_by_its_length_where_it_cannot_be_huge) {
  constexpr Address huge = 0x7f00'0020'0000;
  Filter f = filter({all(huge + page, page)}, {.huge_files = HugeFiles::none});
  std::uint32_t mmap = f.nr().mmap;
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, 0}), allow);
  EXPECT_EQ(f({mmap, huge, page + 1, 3, MAP_FIXED, 5, 0}), eperm);
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED | MAP_HUGETLB, 5, 0}), eperm);
}

// S-34: both addresses must be right for a huge page, and one must begin there.
TEST_P(OnEach, a_move_is_rounded_up_where_a_huge_page_may_come_with_it) {
  constexpr std::size_t mib = 1 << 20;
  constexpr Address huge = 0x7f00'0020'0000, from = 0x7e80'0060'0000;
  constexpr std::uint64_t fixed = MREMAP_FIXED | MREMAP_MAYMOVE;
  Filter f = filter({all(huge + mib, page)});
  std::uint32_t mremap = f.nr().mremap;
  EXPECT_EQ(f({mremap, from, page, page, fixed, huge}), eperm);
  EXPECT_EQ(f({mremap, from + page, page, page, fixed, huge}), allow);
  EXPECT_EQ(f({mremap, from, page, page, fixed, huge + page}), allow);
  EXPECT_EQ(f({mremap, from + page, page, page, fixed, huge + page}), allow);
  EXPECT_EQ(f({mremap, from, page, page, MREMAP_MAYMOVE, huge}), allow);
  // Behind an ordinary page, where the address of neither is a multiple.
  EXPECT_EQ(f({mremap, from - page, 2 * page, 2 * page, fixed, huge - page}),
            eperm);
  EXPECT_EQ(f({mremap, from - page, page, page, fixed, huge - page}), allow);
  EXPECT_EQ(f({mremap, from, 2 * page, 2 * page, fixed, huge - page}), allow);
}

TEST(RangeFilter, huge_pages_of_16_gib_need_the_high_words) {  // arm64
  constexpr std::uint64_t gib = 1 << 30, size = 16 * gib;
  constexpr Address huge = 0x3000'0000'0000, from = 0x4000'0000'0000;
  constexpr std::uint64_t fixed = MREMAP_FIXED | MREMAP_MAYMOVE;
  Filter f({all(huge + 15 * gib, page)}, {.architecture = Architecture::arm64});
  auto [mmap, mremap] = std::pair{f.nr().mmap, f.nr().mremap};
  constexpr std::uint64_t flags = MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB;
  EXPECT_EQ(f({mmap, huge, page, 3, flags}), eperm);
  EXPECT_EQ(f({mmap, huge + 4 * gib, page, 3, flags}), allow);
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, size}), eperm);
  EXPECT_EQ(f({mmap, huge, page, 3, MAP_FIXED, 5, 4 * gib}), allow);
  EXPECT_EQ(f({mremap, from + size, page, page, fixed, huge}), eperm);
  EXPECT_EQ(f({mremap, from + 4 * gib, page, page, fixed, huge}), allow);
  EXPECT_EQ(
      f({mremap, from + size - page, 2 * page, 2 * page, fixed, huge - page}),
      eperm);
  EXPECT_EQ(f({mremap, from + size - page, page, page, fixed, huge - page}),
            allow);
  EXPECT_EQ(f({mremap, from + page, page, page, fixed, huge + page}), allow);
}

TEST_P(OnEach, mremap_is_judged_by_its_old_range_and_by_a_fixed_new_one) {
  Filter f = filter({all(base, 2 * page)});
  std::uint32_t mremap = f.nr().mremap;
  constexpr std::uint64_t fixed = MREMAP_FIXED | MREMAP_MAYMOVE;
  EXPECT_EQ(f({mremap, base, page, 2 * page, MREMAP_MAYMOVE}), eperm);
  EXPECT_EQ(f({mremap, base - page, page, 9 * page, MREMAP_MAYMOVE}), allow);
  EXPECT_EQ(f({mremap, base - page, page, page, 0, base}), allow);  // a hint
  EXPECT_EQ(f({mremap, base - page, page, page, fixed, base}), eperm);
  EXPECT_EQ(f({mremap, base, page, page, fixed, base + 8 * page}), eperm);
  EXPECT_EQ(f({mremap, base - page, page, page, fixed, base + 8 * page}),
            allow);
  EXPECT_EQ(f({mremap, base - page, page, 2 * page, fixed, base - page}),
            eperm);
  // Alias of shared memory: a length of 0, or one that rounds up to it.
  for (std::uint64_t length : {std::uint64_t{0}, all_64, all_64 - 4000}) {
    EXPECT_EQ(f({mremap, base + page, length, page, MREMAP_MAYMOVE}), eperm);
    EXPECT_EQ(f({mremap, base - page, length, page, MREMAP_MAYMOVE}), allow);
  }
  EXPECT_EQ(f({mremap, base - page, all_64 - 4096, page, 0}), eperm);
}

TEST_P(OnEach, only_destructive_advice_is_refused) {
  Filter f = filter({all(base, page)});
  for (std::uint64_t advice = 0; advice < 128; ++advice) {
    bool destroys = advice == 4 || advice == 8 || advice == 9 || advice == 10 ||
                    advice == 18 || advice == 24 || advice == 100 ||
                    advice == 102 || advice == 103;
    EXPECT_EQ(f({f.nr().madvise, base, page, advice}), destroys ? eperm : allow)
        << advice;
    EXPECT_EQ(f({f.nr().madvise, base + page, page, advice}), allow);
  }
}

TEST_P(OnEach, a_downgradable_page_allows_PROT_READ_alone) {
  Filter f =
      filter({{range(base, page), seal_type::mprotect, Downgrade::allowed},
              all(base + 4 * page, page)});
  std::uint32_t mprotect = f.nr().mprotect, with_key = f.nr().pkey_mprotect;
  for (std::uint64_t prot = 0; prot < 8; ++prot) {
    EXPECT_EQ(f({mprotect, base, page, prot}), prot == 1 ? allow : eperm);
    EXPECT_EQ(f({mprotect, base + 4 * page, page, prot}), eperm);
  }
  EXPECT_EQ(f({mprotect, base, 5 * page, 1}), eperm);
  EXPECT_EQ(f({mprotect, base, page, 1 | std::uint64_t{1} << 32}), eperm);
  EXPECT_EQ(f({with_key, base, page, 1, all_64}), allow);
  EXPECT_EQ(f({with_key, base, page, 1, 3}), eperm);
  EXPECT_EQ(f({with_key, base, page, 3, all_64}), eperm);
  EXPECT_EQ(f({f.nr().munmap, base, page}), allow);  // not sealed against that
}

TEST_P(OnEach, brk_below_the_sealed_heap_answers_0) {
  constexpr std::uint32_t zero = 0x00050000;
  Filter f =
      filter({all(base, page)}, {.breaks = range(0x1'1111'0000, 0x4444'5000)});
  std::uint32_t brk = f.nr().brk;
  EXPECT_EQ(f({brk, 0}), allow);
  EXPECT_EQ(f({brk, 0x1'5555'5000}), allow);
  EXPECT_EQ(f({brk, 0x1'5555'4fff}), zero);
  EXPECT_EQ(f({brk, 0x1'1111'0000}), zero);
  EXPECT_EQ(f({brk, 0x2'0000'0000}), allow);
  EXPECT_EQ(f({brk, 0x2'1111'1000}), allow);
  EXPECT_EQ(filter({all(base, page)})({brk, 0x1'5555'4fff}),
            allow);  // nothing sealed there
}

TEST_P(OnEach, brk_below_the_lowest_break_is_left_to_the_kernel) {
  // Another program's heap may be there: filters stay across exec.
  Filter f =
      filter({all(base, page)}, {.breaks = range(0x1'1111'0000, 0x4444'5000)});
  std::uint32_t brk = f.nr().brk;
  EXPECT_EQ(f({brk, 0x1'1111'0000}), 0x00050000u);  // control
  EXPECT_EQ(f({brk, 0x1'1110'ffff}), allow);
  EXPECT_EQ(f({brk, 0x7000'0000}), allow);
  EXPECT_EQ(f({brk, 1}), allow);
}

TEST_P(OnEach, shmdt_of_a_sealed_attachment_is_refused) {
  const Address attached[] = {0x7000'0000, 0x7f00'1234'5000};
  Filter f = filter({all(base, page)}, {.attachments = attached});
  std::uint32_t shmdt = f.nr().shmdt;
  EXPECT_EQ(f({shmdt, 0x7000'0000}), eperm);
  EXPECT_EQ(f({shmdt, 0x7f00'1234'5000}), eperm);
  EXPECT_EQ(f({shmdt, 0x7f00'7000'0000}), allow);
  EXPECT_EQ(f({shmdt, 0x1234'5000}), allow);
}

TEST_P(OnEach, what_happens_on_a_violation_can_be_chosen) {
  for (OnViolation on_violation : {OnViolation::deny, OnViolation::report,
                                   OnViolation::trap, OnViolation::kill}) {
    Filter f = filter({all(base, page)}, {.on_violation = on_violation});
    EXPECT_EQ(f({f.nr().munmap, base, page}), action_for(on_violation));
    EXPECT_EQ(f({f.nr().munmap, base + page, page}), allow);
  }
}

TEST_P(OnEach, two_parts_refuse_together_what_the_whole_refuses) {
  std::vector<GuardedRange> ranges{all(base, 2 * page),
                                   all(base + 64 * page, page)};
  Filter whole = filter(ranges);
  Filter first = filter(ranges, {.part = ProgramPart::all_but_moved_from});
  Filter second = filter(ranges, {.part = ProgramPart::moved_from});
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    auto pages = [&](std::uint64_t n) { return random() % n * page; };
    Call call{whole.nr().mremap, base - 8 * page + pages(96),
              pages(4),          pages(4),
              random() % 8,      base - 8 * page + pages(96)};
    std::uint32_t both =
        first(call) == eperm || second(call) == eperm ? eperm : allow;
    ASSERT_EQ(whole(call), both);
    Call other{whole.nr().munmap, call.a0, call.a1};
    ASSERT_EQ(whole(other), first(other));
    ASSERT_EQ(second(other), allow);
  }
}

// The oracle knows nothing of words and windows.
TEST_P(OnEach, random_ranges_and_calls_agree_with_128_bit_arithmetic) {
  std::mt19937_64 random(GetParam().second + 11);
  for (int round = 0; round < 60; ++round) {
    const Address places[] = {0x40'0000, (Address{1} << 32) - 16 * page,
                              0x5555'5555'0000, (Address{16} << 40) - 64 * page,
                              base};
    std::vector<GuardedRange> ranges;
    std::size_t most = 1 + random() % 40;
    for (Address at : {places[0], places[1], places[3], places[2], places[4]}) {
      for (std::size_t i = 0; i < most; ++i) {
        at += random() % 3 * page;
        std::size_t size = (1 + random() % 3) * page;
        if (random() % 3 != 0)
          ranges.push_back(all(at, size));
        at += size;
      }
    }
    if (ranges.empty())
      continue;
    Filter f = filter(ranges, {.part = ProgramPart::all_but_moved_from});
    for (int i = 0; i < 400; ++i) {
      const GuardedRange &near = ranges[random() % ranges.size()];
      Address address = near.range.begin() + (random() % 9 - 4) * page;
      std::uint64_t length =
          random() % 8 == 0 ? random() >> random() % 64 : random() % (6 * page);
      if (random() % 4 == 0)
        address += random() % page;
      bool wraps =
          length != 0 && (unsigned __int128){address} + length > all_64;
      unsigned __int128 end = (unsigned __int128){address} + length;
      bool touched = false;
      for (const GuardedRange &guarded : ranges)
        touched = touched || (length != 0 && address < guarded.range.end() &&
                              (wraps || end > guarded.range.begin()));
      ASSERT_EQ(f({f.nr().munmap, address, length}), touched ? eperm : allow)
          << std::hex << address << " + " << length;
    }
  }
}

void check_room(Architecture architecture, int count, ProgramPart part) {
  std::vector<GuardedRange> ranges;
  for (int i = 0; i < count; ++i)
    ranges.push_back(all(base + static_cast<Address>(i) * 64 * page, page));
  Filter f(ranges, {.architecture = architecture, .part = part});
  EXPECT_LE(f.size(), bpf::max_instructions);
  if (part == ProgramPart::moved_from)
    return;
  for (int i = 0; i < count; ++i) {
    Address at = base + static_cast<Address>(i) * 64 * page;
    ASSERT_EQ(f({f.nr().munmap, at, page}), eperm);
    ASSERT_EQ(f({f.nr().munmap, at + page, page}), allow);
  }
}

TEST(RangeFilter,
     holds_1200_ranges_in_one_program_and_half_as_many_as_a_whole) {
  for (auto [architecture, whole] : {std::pair{Architecture::x86_64, 600},
                                     std::pair{Architecture::arm64, 590}}) {
    check_room(architecture, 1200, ProgramPart::all_but_moved_from);
    check_room(architecture, 1200, ProgramPart::moved_from);
    check_room(architecture, whole, ProgramPart::whole);
  }
}

TEST(RangeFilter, too_many_ranges_are_a_budget_error) {
  std::vector<GuardedRange> ranges;
  for (Address i = 0; i < 2000; ++i)
    ranges.push_back(all(base + i * 64 * page, page));
  std::vector<PageRange> scratch(ranges.size(), range(0, page));
  std::vector<bpf::Instruction> storage(bpf::max_instructions);
  auto program = compile(ranges, {}, storage, scratch);
  ASSERT_FALSE(program.has_value());
  EXPECT_EQ(program.error().code, Errc::budget);
}

TEST(RangeFilter, ranges_that_lie_in_32_pages_share_a_leaf) {
  std::vector<GuardedRange> ranges;
  for (Address i = 0; i < 1600; ++i)
    ranges.push_back(all(base + i * 2 * page, page));
  Filter f(ranges);
  EXPECT_LE(f.size(), 2 * 100 * 5 + 500);
  for (Address i = 0; i < 1600; ++i) {
    Address at = base + i * 2 * page;
    ASSERT_EQ(f({f.nr().munmap, at, 1}), eperm);
    ASSERT_EQ(f({f.nr().munmap, at + page, page}), allow);
    ASSERT_EQ(f({f.nr().munmap, at + page, page + 1}),
              i == 1599 ? allow : eperm);
    ASSERT_EQ(f({f.nr().munmap, at - 40 * page, 40 * page}),
              i == 0 ? allow : eperm);
    ASSERT_EQ(f({f.nr().munmap, at - 40 * page, 40 * page + 1}), eperm);
    ASSERT_EQ(f({f.nr().munmap, at, 90 * page}), eperm);
  }
}

TEST(RangeFilter, touching_ranges_cost_one) {
  std::vector<GuardedRange> apart, touching;
  for (Address i = 0; i < 100; ++i) {
    apart.push_back(all(base + i * 64 * page, page));
    touching.push_back(all(base + i * page, page));
  }
  EXPECT_GT(Filter(apart).size(), Filter(touching).size() + 500);
  EXPECT_EQ(Filter(touching).size(), Filter({all(base, 100 * page)}).size());
}

TEST(RangeFilter, arm64_ignores_the_tag_of_an_address) {
  Filter f({all(base, page)}, {.architecture = Architecture::arm64});
  constexpr Address tag = Address{0x5a} << 56;
  EXPECT_EQ(f({f.nr().mprotect, base | tag, page, 3}), eperm);
  EXPECT_EQ(f({f.nr().mprotect, (base + page) | tag, page, 3}), allow);
}

}  // namespace
}  // namespace memseal::filter
