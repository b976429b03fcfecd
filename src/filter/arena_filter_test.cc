// SPDX-License-Identifier: Apache-2.0
#include "filter/arena_filter.h"

#include <gtest/gtest.h>

#include "bpf/machine.h"

namespace memseal::filter {
namespace {

constexpr std::uint32_t allow = 0x7fff0000, eperm = 0x00050001;
constexpr Address begin = 0x2000'0000'0000, end = 0x3000'0000'0000;
constexpr std::uint64_t fixed = 0x10, noreplace = 0x100000, anonymous = 0x22;

class ArenaFilter : public testing::TestWithParam<Architecture> {
protected:
  void compile(ArenaOptions options = {}) {
    options.architecture = GetParam();
    auto program = compile_arena(*PageRange::create(begin, end - begin, 4096),
                                 options, storage_);
    ASSERT_TRUE(program);
    ASSERT_TRUE(bpf::check(program->instructions()));
    code_ = program->instructions();
  }
  std::uint32_t operator()(std::uint32_t number, std::uint64_t a0,
                           std::uint64_t a1, std::uint64_t a2 = 0,
                           std::uint64_t a3 = 0, std::uint64_t a4 = 0) const {
    bpf::SyscallData data{
        .number = static_cast<std::int32_t>(number),
        .architecture = nr().audit_architecture,
        .arguments = {a0, a1, a2, a3, a4},
    };
    return bpf::run(code_, data).value_or(0xdead);
  }
  const SyscallTable &nr() const { return tables_of(GetParam())[0]; }
  std::span<const bpf::Instruction> code() const { return code_; }

private:
  std::array<bpf::Instruction, 512> storage_;
  std::span<const bpf::Instruction> code_;
};
INSTANTIATE_TEST_SUITE_P(on, ArenaFilter,
                         testing::Values(Architecture::x86_64,
                                         Architecture::arm64));

TEST_P(ArenaFilter, mprotect_may_only_lower_to_read_in_the_reservation) {
  compile();
  auto &f = *this;
  for (Address at : {begin, begin + (Address{1} << 40), end - 4096}) {
    EXPECT_EQ(f(nr().mprotect, at, 4096, 1), allow);
    EXPECT_EQ(f(nr().pkey_mprotect, at, 4096, 1, ~0ULL), allow);
    EXPECT_EQ(f(nr().pkey_mprotect, at, 4096, 1, 1), eperm);
    for (std::uint64_t prot : {0, 2, 3, 4, 5, 7})
      EXPECT_EQ(f(nr().mprotect, at, 4096, prot), eperm) << prot;
  }
  for (Address outside : {begin - 4096, end})
    EXPECT_EQ(f(nr().mprotect, outside, 4096, 3), allow);  // the twin
}

TEST_P(ArenaFilter, nothing_else_may_touch_the_reservation) {
  compile();
  auto &f = *this;
  for (Address at : {begin, end - 4096}) {
    EXPECT_EQ(f(nr().munmap, at, 4096), eperm);
    EXPECT_EQ(f(nr().mmap, at, 4096, 3, anonymous | fixed), eperm);
    EXPECT_EQ(f(nr().mremap, at, 4096, 8192), eperm);
    EXPECT_EQ(f(nr().mremap, at, 0, 4096), eperm);
    EXPECT_EQ(f(nr().mremap, 0x10000, 4096, 4096, 3, at), eperm);
    EXPECT_EQ(f(nr().madvise, at, 4096, 4), eperm);
    EXPECT_EQ(f(nr().remap_file_pages, at, 4096), eperm);
  }
  for (Address outside : {begin - 4096, end}) {
    EXPECT_EQ(f(nr().munmap, outside, 4096), allow);
    EXPECT_EQ(f(nr().mmap, outside, 4096, 3, anonymous | fixed), allow);
    EXPECT_EQ(f(nr().mremap, outside, 4096, 8192), allow);
    EXPECT_EQ(f(nr().mremap, 0x10000, 4096, 4096, 3, outside), allow);
    EXPECT_EQ(f(nr().madvise, outside, 4096, 4), allow);
    EXPECT_EQ(f(nr().remap_file_pages, outside, 4096), allow);
  }
  EXPECT_EQ(f(nr().munmap, begin - 4096, 8192), eperm);
  EXPECT_EQ(f(nr().madvise, begin, 4096, 3), allow);  // WILLNEED
}

TEST_P(ArenaFilter, growth_goes_through_NOREPLACE_and_can_be_refused) {
  compile();
  auto &f = *this;
  EXPECT_EQ(f(nr().mmap, begin, 4096, 3, anonymous | noreplace), allow);
  EXPECT_EQ(f(nr().mmap, begin, 4096, 3, anonymous | noreplace | fixed), eperm);
  compile({.growth = Growth::refused});
  EXPECT_EQ(f(nr().mmap, begin, 4096, 3, anonymous | noreplace), eperm);
  EXPECT_EQ(f(nr().mmap, begin, 4096, 3, anonymous), allow);  // only a hint
  EXPECT_EQ(f(nr().mmap, end, 4096, 3, anonymous | noreplace), allow);
}

TEST_P(ArenaFilter, the_lowest_rung_can_be_no_access_instead) {
  compile({.lowest = Rung::none});
  auto &f = *this;
  EXPECT_EQ(f(nr().mprotect, begin, 4096, 0), allow);
  EXPECT_EQ(f(nr().mprotect, begin, 4096, 1), eperm);
  EXPECT_EQ(f(nr().mprotect, begin, 4096, 3), eperm);
}

TEST_P(ArenaFilter, its_size_does_not_depend_on_the_reservation) {
  compile();
  EXPECT_LE(code().size(), 480u);
}

}  // namespace
}  // namespace memseal::filter
