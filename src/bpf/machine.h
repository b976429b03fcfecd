// SPDX-License-Identifier: Apache-2.0
// Runs BPF programs as the kernel would, without the kernel.
//
// Filters are irreversible, so they are tried here first: unit tests run every
// table of cases through this interpreter, and the differential test holds it
// against the kernel.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/instruction.h"
#include "memseal/error.h"

namespace memseal::bpf {

/// What a program of seccomp is given: struct seccomp_data, linux/seccomp.h.
struct SyscallData {
  std::int32_t number = 0;
  std::uint32_t architecture = 0;  ///< an AUDIT_ARCH_ value
  std::uint64_t instruction_pointer = 0;
  std::uint64_t arguments[6] = {};
};
static_assert(sizeof(SyscallData) == 64);

/// Whether the kernel would take the program: the checks of bpf_check_classic
/// and check_load_and_stores (net/core/filter.c) and of seccomp_check_filter
/// (kernel/seccomp.c).
///
/// Errors:  malformed: empty, too long, an instruction that seccomp does not
///          admit, a jump out of the program, a last instruction that is not a
///          return, a load that is unaligned or outside the data, M[k] read
///          before it is written, division or shift by a constant it forbids.
Result<void> check(std::span<const Instruction> program);

/// The program's answer: a SECCOMP_RET_ value.
/// Errors:  as `check`.
Result<std::uint32_t> run(std::span<const Instruction> program,
                          const SyscallData &data);

}  // namespace memseal::bpf
