// SPDX-License-Identifier: Apache-2.0
// The kernel's judgement of a program: bpf/machine.h.
#include <array>

#include "base/large_local.h"
#include "bpf/machine.h"

namespace memseal::bpf {
namespace {

bool admitted(const Instruction &i) {
  switch (i.code) {
    case op::ld:
      return i.k % 4 == 0 && i.k < sizeof(SyscallData);
    case op::ld_mem:
    case op::ldx_mem:
    case op::st:
    case op::stx:
      return i.k < scratch_words;
    case op::div_k:
      return i.k != 0;
    case op::lsh_k:
    case op::rsh_k:
      return i.k < 32;
    case op::ld_imm:
    case op::ldx_imm:
    case op::ld_len:
    case op::ldx_len:
    case op::add_k:
    case op::add_x:
    case op::sub_k:
    case op::sub_x:
    case op::mul_k:
    case op::mul_x:
    case op::div_x:
    case op::or_k:
    case op::or_x:
    case op::and_k:
    case op::and_x:
    case op::lsh_x:
    case op::rsh_x:
    case op::neg:
    case op::xor_k:
    case op::xor_x:
    case op::ja:
    case op::jeq_k:
    case op::jeq_x:
    case op::jgt_k:
    case op::jgt_x:
    case op::jge_k:
    case op::jge_x:
    case op::jset_k:
    case op::jset_x:
    case op::ret_k:
    case op::ret_a:
    case op::tax:
    case op::txa:
      return true;
    default:
      return false;
  }
}

/// Which words of M are written on every way to an instruction, as the kernel
/// sees it: top to bottom once, returns falling through.
class ScratchCheck {
public:
  explicit ScratchCheck(std::span<const Instruction> program)
      : program_(program) {
    at_target_.fill(0xffff);
  }

  bool passes() {
    std::uint16_t written = 0;
    for (std::size_t pc = 0; pc < program_.size(); ++pc) {
      const Instruction &i = program_[pc];
      written &= at_target_[pc];
      if (i.code == op::st || i.code == op::stx) {
        written = static_cast<std::uint16_t>(written | (1U << i.k));
      } else if (i.code == op::ld_mem || i.code == op::ldx_mem) {
        if ((written & (1U << i.k)) == 0)
          return false;
      } else if (i.code == op::ja) {
        at_target_[pc + 1 + i.k] &= written;
        written = 0xffff;
      } else if (is_conditional(i.code)) {
        at_target_[pc + 1 + i.if_true] &= written;
        at_target_[pc + 1 + i.if_false] &= written;
        written = 0xffff;
      }
    }
    return true;
  }

private:
  std::span<const Instruction> program_;
  MEMSEAL_LARGE_MEMBER std::array<std::uint16_t, max_instructions> at_target_;
};

}  // namespace

Result<void> check(std::span<const Instruction> program) {
  if (program.empty() || program.size() > max_instructions)
    return fail(Errc::malformed);
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Instruction &i = program[pc];
    std::size_t behind = program.size() - pc - 1;
    if (!admitted(i))
      return fail(Errc::malformed);
    if (i.code == op::ja && i.k >= behind)
      return fail(Errc::malformed);
    if (is_conditional(i.code) && (i.if_true >= behind || i.if_false >= behind))
      return fail(Errc::malformed);
  }
  if (!is_return(program.back().code) || !ScratchCheck(program).passes())
    return fail(Errc::malformed);
  return {};
}

}  // namespace memseal::bpf
