// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_length.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace memseal::bpf {
namespace {

std::uint32_t count(std::initializer_list<Instruction> program) {
  return most_kernel_instructions(std::vector(program));
}

// What stands for an instruction is told by how much it adds.
std::uint32_t added_by(Instruction instruction) {
  return count({instruction}) - count({});
}

TEST(KernelLength, a_filter_takes_room_by_itself) {
  EXPECT_GE(count({}), 4u + 3u);
}

TEST(KernelLength, what_has_no_constant_is_one_instruction) {
  for (std::uint16_t code : {op::ld, op::ld_mem, op::st, op::tax, op::txa,
                             op::add_x, op::or_x, op::ja})
    EXPECT_EQ(added_by({code, 0, 0, 0}), 1u) << code;
}

TEST(KernelLength, a_constant_may_be_hidden_by_two_more) {
  for (std::uint16_t code : {op::ld_imm, op::and_k, op::rsh_k, op::add_k})
    EXPECT_EQ(added_by({code, 0, 0, 7}), 3u) << code;
  EXPECT_EQ(added_by({op::ret_k, 0, 0, 7}), 4u);
}

TEST(KernelLength, a_constant_above_2_to_31_takes_a_register) {
  EXPECT_EQ(added_by({op::jgt_k, 9, 0, 0x7fffffff}), 3u);
  EXPECT_EQ(added_by({op::jgt_k, 9, 0, 0x80000000}), 4u);
}

TEST(KernelLength, a_second_target_is_a_jump_more) {
  EXPECT_EQ(added_by({op::jge_k, 9, 0, 7}), 3u);
  EXPECT_EQ(added_by({op::jge_k, 9, 1, 7}), 4u);
  EXPECT_EQ(added_by({op::jge_x, 9, 1, 0}), 2u);
}

}  // namespace
}  // namespace memseal::bpf
