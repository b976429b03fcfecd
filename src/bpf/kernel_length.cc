// SPDX-License-Identifier: Apache-2.0
#include "bpf/kernel_length.h"

namespace memseal::bpf {
namespace {

// A, X and the context are set up before the first instruction.
constexpr std::uint32_t prologue = 4, each_filter = 4;
// An instruction with a constant, once the constant is hidden.
constexpr std::uint32_t hidden = 3;
// A division by X asks first whether X is 0.
constexpr std::uint32_t zero_check = 5;

bool uses_x(std::uint16_t code) {
  return (code & 0x08) != 0;
}

std::uint32_t most_for_jump(const Instruction &jump) {
  // Above 2^31 a constant would be negative: it goes through a register.
  std::uint32_t test = (jump.k >> 31) != 0 ? hidden + 1 : hidden;
  if (uses_x(jump.code))
    test = 1;
  // Theirs have one target; the other one is the next instruction, or a jump.
  return jump.if_false == 0 ? test : test + 1;
}

std::uint32_t most_for(const Instruction &instruction) {
  if (is_conditional(instruction.code))
    return most_for_jump(instruction);
  switch (instruction.code) {
    case op::ja:
    case op::ld:
    case op::ld_mem:
    case op::ldx_mem:
    case op::st:
    case op::stx:
    case op::tax:
    case op::txa:
    case op::neg:
    case op::add_x:
    case op::sub_x:
    case op::mul_x:
    case op::or_x:
    case op::and_x:
    case op::lsh_x:
    case op::rsh_x:
    case op::xor_x:
      return 1;
    case op::div_x:
      return zero_check;
    case op::ret_k:
    case op::ret_a:
      return hidden + 1;
    default:  // arithmetic with k, loads of k
      return hidden;
  }
}

}  // namespace

std::uint32_t most_kernel_instructions(std::span<const Instruction> program) {
  std::uint32_t count = prologue + each_filter;
  for (const Instruction &instruction : program)
    count += most_for(instruction);
  return count;
}

}  // namespace memseal::bpf
