// SPDX-License-Identifier: Apache-2.0
// Runs a BPF program for all calls at once: registers hold expressions of an
// SMT solver instead of words.
//
// BPF jumps forward only. So each instruction is looked at once, in order, with
// one state: where two paths meet, a register becomes "the one's word if the
// one path was taken, else the other's". The answer grows with the program's
// length, not with the number of its paths.
#pragma once

#include <z3++.h>

#include <array>
#include <span>

#include "bpf/instruction.h"

namespace memseal::prove {

/// struct seccomp_data, with words that need not be known: 32 bits for the
/// number and the architecture, 64 for each argument.
struct SymbolicCall {
  z3::expr number, architecture;
  std::array<z3::expr, 6> arguments;
};

/// What the program returns, 32 bits.
/// Needs:   a program that bpf::check takes, of the instructions that our
///          compilers use; else it throws std::logic_error.
z3::expr answer_of(std::span<const bpf::Instruction> program,
                   const SymbolicCall &call);

}  // namespace memseal::prove
