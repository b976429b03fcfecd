// SPDX-License-Identifier: Apache-2.0
#include "filter/programs.h"

#include <gtest/gtest.h>

#include <vector>

#include "bpf/kernel_length.h"
#include "bpf/machine.h"
#include "filter/syscall_table.h"

namespace memseal::filter {
namespace {

constexpr std::size_t page = 4096;
constexpr Address base = 0x7f12'3450'0000, elsewhere = 0x5000'0000'0000;
constexpr std::uint64_t maymove = 1, fixed = 2;  // linux/mman.h, MREMAP_

struct Call {
  std::uint32_t number;
  std::uint64_t arguments[6];
};

/// Some pages, each with a gap behind it, as programs of x86-64.
// Too far for two of them in one leaf.
constexpr Address apart = 64 * page;

class Compiled {
public:
  explicit Compiled(std::size_t pages,
                    OnViolation on_violation = OnViolation::deny) {
    std::vector<GuardedRange> guarded;
    std::vector<PageRange> scratch;
    for (std::size_t i = 0; i < pages; ++i) {
      scratch.push_back(*PageRange::create(base + i * apart, page, page));
      guarded.push_back({scratch.back(), seal_type::all});
    }
    programs = compile_programs(
        guarded,
        {.architecture = Architecture::x86_64, .on_violation = on_violation},
        storage_, scratch);
  }
  /// What program `i` does with the call.
  std::uint32_t run(std::size_t i, const Call &call) const {
    bpf::SyscallData data{.number = static_cast<std::int32_t>(call.number),
                          .architecture = table_.audit_architecture};
    std::ranges::copy(call.arguments, data.arguments);
    return bpf::run((*programs)[i].instructions(), data).value_or(0);
  }
  Call mprotect(Address at) const { return {table_.mprotect, {at, page}}; }
  Call move_away(Address from) const {
    return {table_.mremap, {from, page, page, maymove | fixed, elsewhere}};
  }

  Result<Programs> programs;

private:
  SyscallTable table_ = tables_of(Architecture::x86_64)[0];
  std::vector<bpf::Instruction> storage_ =
      std::vector<bpf::Instruction>(programs_storage);
};

TEST(Programs, few_ranges_make_one_that_judges_everything) {
  Compiled few(10);
  ASSERT_TRUE(few.programs);
  ASSERT_EQ(few.programs->size(), 1u);
  for (Address at : {base, base + 9 * apart}) {
    EXPECT_EQ(few.run(0, few.mprotect(at)), action::eperm);
    EXPECT_EQ(few.run(0, few.move_away(at)), action::eperm);
    EXPECT_EQ(few.run(0, few.mprotect(at + page)), action::allow);
    EXPECT_EQ(few.run(0, few.move_away(at + page)), action::allow);
  }
}

TEST(Programs,
     ranges_too_many_for_one_make_two_of_which_the_first_forbids_less) {
  Compiled many(900);
  ASSERT_TRUE(many.programs);
  ASSERT_EQ(many.programs->size(), 2u);
  for (Address at : {base, base + 450 * apart, base + 899 * apart}) {
    EXPECT_EQ(many.run(0, many.move_away(at)), action::eperm);
    EXPECT_EQ(many.run(0, many.mprotect(at)), action::allow);
    EXPECT_EQ(many.run(1, many.mprotect(at)), action::eperm);
    for (std::size_t i : {0, 1}) {
      EXPECT_EQ(many.run(i, many.mprotect(at + page)), action::allow);
      EXPECT_EQ(many.run(i, many.move_away(at + page)), action::allow);
    }
  }
}

TEST(Programs, clustered_pages_by_the_thousand_make_one) {
  std::vector<GuardedRange> guarded;
  std::vector<PageRange> scratch;
  // Three pages of four: 10,000 in clusters.
  for (Address i = 0; i < 3334; ++i) {
    scratch.push_back(*PageRange::create(base + 4 * i * page, 3 * page, page));
    guarded.push_back({scratch.back(), seal_type::all});
  }
  std::vector<bpf::Instruction> storage(programs_storage);
  auto programs = compile_programs(
      guarded, {.architecture = Architecture::x86_64}, storage, scratch);
  ASSERT_TRUE(programs);
  EXPECT_EQ(programs->size(), 1u);
}

TEST(Programs, are_never_two_where_a_listener_is_asked) {
  EXPECT_EQ(Compiled(900, OnViolation::report).programs.error(),
            (Error{Errc::budget}));
  Compiled few(10, OnViolation::report);
  ASSERT_TRUE(few.programs);
  EXPECT_EQ(few.programs->size(), 1u);
  EXPECT_EQ(few.run(0, few.mprotect(base)), action::notify);
}

TEST(Programs, are_two_at_the_most) {
  EXPECT_EQ(Compiled(2000).programs.error(), (Error{Errc::budget}));
}

// S-09, S-12: whether the kernel has room is reckoned from this.
TEST(Programs, count_as_the_kernel_counts_them) {
  for (std::size_t pages : {1, 100, 900}) {
    Compiled compiled(pages);
    ASSERT_TRUE(compiled.programs);
    FilterCount expected;
    std::size_t classic = 0;
    for (const bpf::Program &program : *compiled.programs) {
      ++expected.programs;
      expected.kernel_instructions +=
          bpf::most_kernel_instructions(program.instructions());
      classic += program.size();
    }
    EXPECT_EQ(count_of(*compiled.programs), expected) << pages;
    EXPECT_GT(expected.kernel_instructions, classic) << pages;
  }
}

}  // namespace
}  // namespace memseal::filter
