// SPDX-License-Identifier: Apache-2.0
// How long a program is for the kernel, at most.
//
// The kernel translates classic BPF into its own instructions and bounds the
// sum over all filters of a thread in those. How many they are is not told
// anywhere. It depends on the kernel's version, and on net.core.bpf_jit_harden,
// which an ordinary user cannot read: with it each constant is hidden behind
// two more instructions. So this counts what the translation needs at the most.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/instruction.h"

namespace memseal::bpf {

/// What a filter of these instructions takes of the kernel's room, at most.
/// Source: Linux 3.17 to 6.18, net/core/filter.c, bpf_convert_filter;
///         kernel/bpf/core.c, bpf_jit_blind_insn; kernel/seccomp.c,
///         seccomp_attach_filter, which adds four for each filter.
std::uint32_t most_kernel_instructions(std::span<const Instruction> program);

/// MAX_INSNS_PER_PATH of kernel/seccomp.c: the room of a thread.
inline constexpr std::uint32_t kernel_room = 32768;

}  // namespace memseal::bpf
