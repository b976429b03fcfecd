// SPDX-License-Identifier: Apache-2.0
#include "bpf/machine.h"

#include <array>

#include "base/assert.h"

namespace memseal::bpf {
namespace {

std::uint32_t word(const SyscallData &data, std::uint32_t offset) {
  // Both architectures are little-endian: the low half of an argument first.
  std::uint64_t whole = 0;
  switch (offset & ~7U) {
    case 0:
      whole = static_cast<std::uint32_t>(data.number) |
              std::uint64_t{data.architecture} << 32;
      break;
    case 8:
      whole = data.instruction_pointer;
      break;
    default:
      whole = data.arguments[offset / 8 - 2];
  }
  return static_cast<std::uint32_t>((offset & 4) != 0 ? whole >> 32 : whole);
}

struct State {
  std::uint32_t a = 0, x = 0;
  std::array<std::uint32_t, scratch_words> m{};
};

bool holds(std::uint16_t code, std::uint32_t a, std::uint32_t b) {
  switch (code & 0xf0) {
    case op::jeq_k & 0xf0:
      return a == b;
    case op::jgt_k & 0xf0:
      return a > b;
    case op::jge_k & 0xf0:
      return a >= b;
    default:
      return (a & b) != 0;
  }
}

std::uint32_t compute(std::uint16_t code, std::uint32_t a, std::uint32_t b) {
  switch (code & 0xf0) {
    case op::add_k & 0xf0:
      return a + b;
    case op::sub_k & 0xf0:
      return a - b;
    case op::mul_k & 0xf0:
      return a * b;
    case op::or_k & 0xf0:
      return a | b;
    case op::and_k & 0xf0:
      return a & b;
    case op::xor_k & 0xf0:
      return a ^ b;
    // Converted to eBPF, shifts take their count modulo 32.
    case op::lsh_k & 0xf0:
      return a << (b & 31);
    case op::rsh_k & 0xf0:
      return a >> (b & 31);
    case op::neg & 0xf0:
      return -a;
    default:
      return b != 0 ? a / b : 0;
  }
}

void step(const Instruction &i, const SyscallData &data, State &s) {
  switch (i.code) {
    case op::ld:
      s.a = word(data, i.k);
      return;
    case op::ld_imm:
      s.a = i.k;
      return;
    case op::ldx_imm:
      s.x = i.k;
      return;
    case op::ld_mem:
      s.a = s.m[i.k];
      return;
    case op::ldx_mem:
      s.x = s.m[i.k];
      return;
    case op::st:
      s.m[i.k] = s.a;
      return;
    case op::stx:
      s.m[i.k] = s.x;
      return;
    case op::tax:
      s.x = s.a;
      return;
    case op::txa:
      s.a = s.x;
      return;
    case op::ld_len:
      s.a = sizeof(SyscallData);
      return;
    case op::ldx_len:
      s.x = sizeof(SyscallData);
      return;
    default:
      s.a = compute(i.code, s.a, (i.code & 0x08) != 0 ? s.x : i.k);
  }
}

}  // namespace

Result<std::uint32_t> run(std::span<const Instruction> program,
                          const SyscallData &data) {
  MEMSEAL_TRY_VOID(check(program));
  State s;
  for (std::size_t pc = 0;; ++pc) {
    const Instruction &i = program[pc];
    if (i.code == op::ret_k)
      return i.k;
    if (i.code == op::ret_a)
      return s.a;
    // Dividing by an X of 0 ends the program with 0, which is KILL_THREAD.
    if (i.code == op::div_x && s.x == 0)
      return 0;
    if (i.code == op::ja) {
      pc += i.k;
    } else if (is_conditional(i.code)) {
      std::uint32_t other = (i.code & 0x08) != 0 ? s.x : i.k;
      pc += holds(i.code, s.a, other) ? i.if_true : i.if_false;
    } else {
      step(i, data, s);
    }
  }
}

}  // namespace memseal::bpf
