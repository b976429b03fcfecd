// SPDX-License-Identifier: Apache-2.0
// Classic BPF as seccomp runs it: the words of the machine.
#pragma once

#include <cstdint>

namespace memseal::bpf {

/// One instruction; the same bytes as the kernel's struct sock_filter.
struct Instruction {
  std::uint16_t code;
  std::uint8_t if_true, if_false;
  std::uint32_t k;
  friend constexpr bool operator==(Instruction, Instruction) = default;
};
static_assert(sizeof(Instruction) == 8);

/// The kernel takes no longer program: BPF_MAXINSNS, linux/bpf_common.h.
inline constexpr std::uint32_t max_instructions = 4096;
/// A conditional jump skips at most this many instructions.
inline constexpr std::uint32_t max_jump = 255;
/// Words of scratch memory: BPF_MEMWORDS, linux/filter.h.
inline constexpr std::uint32_t scratch_words = 16;

// The instructions that seccomp admits (kernel/seccomp.c,
// seccomp_check_filter), in the assembler's spelling. `X` is the index
// register, `k` the constant.
namespace op {
inline constexpr std::uint16_t ld = 0x20;       ///< A = data[k]
inline constexpr std::uint16_t ld_imm = 0x00;   ///< A = k
inline constexpr std::uint16_t ldx_imm = 0x01;  ///< X = k
inline constexpr std::uint16_t ld_mem = 0x60;   ///< A = M[k]
inline constexpr std::uint16_t ldx_mem = 0x61;  ///< X = M[k]
inline constexpr std::uint16_t st = 0x02;       ///< M[k] = A
inline constexpr std::uint16_t stx = 0x03;      ///< M[k] = X
inline constexpr std::uint16_t add_k = 0x04, add_x = 0x0c;
inline constexpr std::uint16_t sub_k = 0x14, sub_x = 0x1c;
inline constexpr std::uint16_t mul_k = 0x24, mul_x = 0x2c;
inline constexpr std::uint16_t div_k = 0x34, div_x = 0x3c;
inline constexpr std::uint16_t or_k = 0x44, or_x = 0x4c;
inline constexpr std::uint16_t and_k = 0x54, and_x = 0x5c;
inline constexpr std::uint16_t lsh_k = 0x64, lsh_x = 0x6c;
inline constexpr std::uint16_t rsh_k = 0x74, rsh_x = 0x7c;
inline constexpr std::uint16_t neg = 0x84;
inline constexpr std::uint16_t xor_k = 0xa4, xor_x = 0xac;
inline constexpr std::uint16_t ja = 0x05;  ///< skips k instructions
inline constexpr std::uint16_t jeq_k = 0x15, jeq_x = 0x1d;
inline constexpr std::uint16_t jgt_k = 0x25, jgt_x = 0x2d;
inline constexpr std::uint16_t jge_k = 0x35, jge_x = 0x3d;
inline constexpr std::uint16_t jset_k = 0x45, jset_x = 0x4d;
inline constexpr std::uint16_t ret_k = 0x06, ret_a = 0x16;
inline constexpr std::uint16_t tax = 0x07, txa = 0x87;
inline constexpr std::uint16_t ld_len = 0x80;   ///< A = size of the data
inline constexpr std::uint16_t ldx_len = 0x81;  ///< X = size of the data
}  // namespace op

constexpr bool is_return(std::uint16_t code) {
  return code == op::ret_k || code == op::ret_a;
}
/// JEQ, JGT, JGE, JSET, by k or X.
constexpr bool is_conditional(std::uint16_t code) {
  return (code & 0x07) == 0x05 && code != op::ja;
}

}  // namespace memseal::bpf
