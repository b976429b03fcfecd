// SPDX-License-Identifier: Apache-2.0
// The one filter of a tree under a keeper: which calls the keeper has to see.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/assembler.h"
#include "filter/syscall_table.h"

namespace memseal::keeper {

/// Calls that a keeper could not judge, being told registers only or numbers
/// that it does not know: where all is to go on as without a keeper, they do.
enum class Unjudged : unsigned char { refused, allowed };

/// Enough for the filter of any architecture.
inline constexpr std::size_t most_instructions = 512;

/// After these calls a keeper may have no right to look into the process:
/// setuid(2) and kin. By the numbers of 64-bit programs.
std::span<const std::uint32_t> hiding_calls(filter::Architecture architecture);

/// Notifies of every call that could change a mapping, lets all others pass. It
/// names no address, so it never grows and stays true over execve.
///
/// - Calls that change mappings, advice that discards pages or takes a mark
///   away: the keeper decides. By i386's numbers, too.
/// - setuid(2) and kin, PR_SET_DUMPABLE: the keeper looks, and they go on.
/// - The same advice by process_madvise, whose ranges lie in memory: EINVAL, as
///   before Linux 6.13.
/// - prctl(PR_SET_MM): EPERM. x32's numbers: ENOSYS.
/// - The number -1, of a call that a tracer skipped: let pass.
/// - 32-bit programs on arm64, in which nothing is sealed: let pass.
///
/// Errors:  budget if `storage` is too small.
Result<bpf::Program> compile_filter(filter::Architecture architecture,
                                    Unjudged unjudged,
                                    std::span<bpf::Instruction> storage);

}  // namespace memseal::keeper
