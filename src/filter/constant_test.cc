// SPDX-License-Identifier: Apache-2.0
// Unrelated calls cost nothing: since 5.11 the kernel looks for numbers that a
// program allows whatever the arguments are, and does not run it for these. It
// proves that by following the program, and gives up at the first instruction
// it does not know. This test follows programs as it does.
//
// Source: Linux 6.18, kernel/seccomp.c, seccomp_is_const_allow.
#include <gtest/gtest.h>

#include <vector>

#include "filter/compiler.h"

namespace memseal::filter {
namespace {

using bpf::Instruction;
using namespace bpf::op;

constexpr std::uint32_t x86_64 = 0xc000003e, arm64 = 0xc00000b7;

bool is_constant_allow(std::span<const Instruction> program,
                       std::uint32_t audit, std::uint32_t number) {
  std::uint32_t a = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Instruction &i = program[pc];
    bool taken = false;
    switch (i.code) {
      case ld:
        if (i.k != 0 && i.k != 4)
          return false;
        a = i.k == 0 ? number : audit;
        continue;
      case ret_k:
        return i.k == 0x7fff0000;
      case ja:
        pc += i.k;
        continue;
      case and_k:
        a &= i.k;
        continue;
      case jeq_k:
        taken = a == i.k;
        break;
      case jge_k:
        taken = a >= i.k;
        break;
      case jgt_k:
        taken = a > i.k;
        break;
      case jset_k:
        taken = (a & i.k) != 0;
        break;
      default:
        return false;
    }
    pc += taken ? i.if_true : i.if_false;
  }
  return false;
}

std::size_t count_constant(std::span<const Instruction> program,
                           std::uint32_t audit) {
  std::size_t count = 0;
  for (std::uint32_t number = 0; number < 512; ++number)
    count += is_constant_allow(program, audit, number);
  return count;
}

TEST(Constant, all_but_nine_calls_are_provably_allowed_whatever_is_sealed) {
  for (std::size_t ranges : {1u, 40u, 500u}) {
    std::vector<GuardedRange> guarded;
    std::vector<PageRange> scratch;
    for (std::size_t i = 0; i < ranges; ++i) {
      auto range = *PageRange::create(0x7f1234500000 + 8192 * i, 4096, 4096);
      guarded.push_back({range, seal_type::all});
      scratch.push_back(range);
    }
    const Address attached[] = {0x7f1234500000};
    for (auto [architecture, audit] : {std::pair{Architecture::x86_64, x86_64},
                                       std::pair{Architecture::arm64, arm64}}) {
      RangeOptions options;
      options.architecture = architecture;
      options.breaks = *PageRange::create(0x5555'5555'0000, 0x2'0000, 4096);
      options.attachments = attached;
      std::array<Instruction, bpf::max_instructions> storage;
      auto program = compile(guarded, options, storage, scratch);
      ASSERT_TRUE(program);
      EXPECT_EQ(count_constant(program->instructions(), audit), 512u - 9u);
      const SyscallTable &nr = tables_of(architecture)[0];
      for (std::uint32_t number :
           {nr.mprotect, nr.pkey_mprotect, nr.munmap, nr.mmap, nr.mremap,
            nr.madvise, nr.brk, nr.shmdt, nr.remap_file_pages})
        EXPECT_FALSE(is_constant_allow(program->instructions(), audit, number));
    }
  }
}

TEST(Constant, the_base_filter_leaves_all_but_its_own_rows_alone) {
  std::array<Instruction, 256> storage;
  auto compatible =
      compile_base(BaseLevel::compatible, Architecture::x86_64, storage);
  ASSERT_TRUE(compatible);
  EXPECT_EQ(count_constant(compatible->instructions(), x86_64), 512u - 9u);
  auto closed = compile_base(BaseLevel::closed, Architecture::x86_64, storage);
  ASSERT_TRUE(closed);
  EXPECT_EQ(count_constant(closed->instructions(), x86_64), 512u - 14u);
}

}  // namespace
}  // namespace memseal::filter
