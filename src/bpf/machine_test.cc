// SPDX-License-Identifier: Apache-2.0
#include "bpf/machine.h"

#include <gtest/gtest.h>

#include <vector>

namespace memseal::bpf {
namespace {

using Code = std::vector<Instruction>;

std::uint32_t a_after(Code code, SyscallData data = {}) {
  code.push_back({op::ret_a, 0, 0, 0});
  auto got = run(code, data);
  EXPECT_TRUE(got.has_value());
  return got.value_or(0);
}
bool taken(const Code &code) {
  return check(code).has_value();
}

constexpr Instruction ret{op::ret_k, 0, 0, 0};

TEST(Machine, loads_each_word_of_the_data) {
  SyscallData data{
      .number = 1,
      .architecture = 2,
      .instruction_pointer = 0x0000'0004'0000'0003,
      .arguments = {0x0000'0006'0000'0005, 0, 0, 0, 0, 0x0000'0010'0000'000f}};
  EXPECT_EQ(a_after({{op::ld, 0, 0, 0}}, data), 1u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 4}}, data), 2u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 8}}, data), 3u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 12}}, data), 4u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 16}}, data), 5u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 20}}, data), 6u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 56}}, data), 15u);
  EXPECT_EQ(a_after({{op::ld, 0, 0, 60}}, data), 16u);
}

TEST(Machine, computes_with_32_bits_that_wrap) {
  auto compute = [](std::uint16_t code, std::uint32_t a, std::uint32_t k) {
    return a_after({{op::ld_imm, 0, 0, a}, {code, 0, 0, k}});
  };
  EXPECT_EQ(compute(op::add_k, 0xffffffff, 2), 1u);
  EXPECT_EQ(compute(op::sub_k, 0, 1), 0xffffffffu);
  EXPECT_EQ(compute(op::mul_k, 0x10000, 0x10001), 0x10000u);
  EXPECT_EQ(compute(op::div_k, 7, 2), 3u);
  EXPECT_EQ(compute(op::or_k, 5, 2), 7u);
  EXPECT_EQ(compute(op::and_k, 7, 0xc), 4u);
  EXPECT_EQ(compute(op::xor_k, 7, 2), 5u);
  EXPECT_EQ(compute(op::lsh_k, 1, 31), 0x80000000u);
  EXPECT_EQ(compute(op::rsh_k, 0x80000000, 31), 1u);
  EXPECT_EQ(compute(op::neg, 1, 0), 0xffffffffu);
}

TEST(Machine, computes_with_x) {
  EXPECT_EQ(a_after({{op::ldx_imm, 0, 0, 3},
                     {op::ld_imm, 0, 0, 4},
                     {op::add_x, 0, 0, 0}}),
            7u);
  EXPECT_EQ(a_after({{op::ld_imm, 0, 0, 9},
                     {op::tax, 0, 0, 0},
                     {op::ld_imm, 0, 0, 1},
                     {op::txa, 0, 0, 0}}),
            9u);
}

TEST(Machine, compares_unsigned) {
  auto jumps = [](std::uint16_t code, std::uint32_t a, std::uint32_t k) {
    Code program{{op::ld_imm, 0, 0, a},
                 {code, 0, 1, k},
                 {op::ret_k, 0, 0, 1},
                 {op::ret_k, 0, 0, 0}};
    return run(program, {}).value_or(2) == 1;
  };
  EXPECT_TRUE(jumps(op::jgt_k, 0x80000000, 1));
  EXPECT_FALSE(jumps(op::jgt_k, 1, 1));
  EXPECT_TRUE(jumps(op::jge_k, 1, 1));
  EXPECT_FALSE(jumps(op::jge_k, 0, 1));
  EXPECT_TRUE(jumps(op::jeq_k, 1, 1));
  EXPECT_TRUE(jumps(op::jset_k, 6, 2));
  EXPECT_FALSE(jumps(op::jset_k, 5, 2));
}

TEST(Machine, remembers_in_scratch_memory) {
  EXPECT_EQ(a_after({{op::ld_imm, 0, 0, 5},
                     {op::st, 0, 0, 15},
                     {op::ld_imm, 0, 0, 0},
                     {op::ld_mem, 0, 0, 15}}),
            5u);
}

TEST(Check, refuses_what_the_kernel_refuses) {
  EXPECT_TRUE(taken({ret}));  // control
  EXPECT_FALSE(taken({}));
  EXPECT_FALSE(taken({{op::ld_imm, 0, 0, 1}}));            // no return
  EXPECT_FALSE(taken({{0x28, 0, 0, 0}, ret}));             // half word
  EXPECT_FALSE(taken({{op::ld, 0, 0, 2}, ret}));           // unaligned
  EXPECT_FALSE(taken({{op::ld, 0, 0, 64}, ret}));          // outside
  EXPECT_FALSE(taken({{op::div_k, 0, 0, 0}, ret}));        // by zero
  EXPECT_FALSE(taken({{op::lsh_k, 0, 0, 32}, ret}));       // too far
  EXPECT_FALSE(taken({{op::st, 0, 0, 16}, ret}));          // M[16]
  EXPECT_FALSE(taken({{op::ja, 0, 0, 1}, ret}));           // beyond the end
  EXPECT_FALSE(taken({{op::ja, 0, 0, 0xffffffff}, ret}));  // backwards
  EXPECT_FALSE(taken({{op::jeq_k, 1, 0, 0}, ret}));
  EXPECT_FALSE(taken({{op::jeq_k, 0, 1, 0}, ret}));
  EXPECT_FALSE(taken(Code(max_instructions + 1, ret)));
  EXPECT_TRUE(taken(Code(max_instructions, ret)));  // control
}

TEST(Check, scratch_memory_is_written_before_it_is_read) {
  EXPECT_FALSE(taken({{op::ld_mem, 0, 0, 0}, ret}));
  EXPECT_TRUE(taken({{op::st, 0, 0, 0}, {op::ld_mem, 0, 0, 0}, ret}));
  // Written on one way only.
  EXPECT_FALSE(taken(
      {{op::jeq_k, 0, 1, 0}, {op::st, 0, 0, 0}, {op::ld_mem, 0, 0, 0}, ret}));
  // Followed through a return: refused, though no way leads there unwritten.
  EXPECT_FALSE(taken({{op::jeq_k, 1, 0, 0},
                      ret,
                      {op::st, 0, 0, 0},
                      {op::ja, 0, 0, 1},
                      ret,
                      {op::ld_mem, 0, 0, 1},
                      ret}));
}

}  // namespace
}  // namespace memseal::bpf
