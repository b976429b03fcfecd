// SPDX-License-Identifier: Apache-2.0
// The one filter of a tree under a keeper: which calls the keeper has to see.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/assembler.h"
#include "filter/syscall_table.h"
#include "keeper/zone.h"

namespace memseal::keeper {

/// Calls that a keeper could not judge, being told registers only or numbers
/// that it does not know: where all is to go on as without a keeper, they do.
enum class Unjudged : unsigned char { refused, allowed };

/// io_uring takes advice over memory (IORING_OP_MADVISE) and writes into
/// buffers that it knew before they were sealed, without a call that a filter
/// sees.
enum class IoUring : unsigned char { refused, allowed };

/// What is decided for a tree when it begins.
struct TreeRules {
  Unjudged unjudged = Unjudged::refused;
  IoUring io_uring = IoUring::refused;
  /// None: everything is asked about.
  ZoneShape zone{};
};

/// Enough for the filter of any architecture.
inline constexpr std::size_t most_instructions = 512;

/// After these calls a keeper may have no right to look into the process:
/// setuid(2) and kin. By the numbers of 64-bit programs.
std::span<const std::uint32_t> hiding_calls(filter::Architecture architecture);

/// setrlimit(2) and prlimit64(2), by the numbers of 64-bit programs.
struct LimitCalls {
  std::uint32_t setrlimit, prlimit64;
};
LimitCalls limit_calls(filter::Architecture architecture);

/// Notifies of every call that could change a mapping in the zone, lets all
/// others pass. It names no address of an image, so it never grows and stays
/// true over execve.
///
/// - Calls that change mappings, advice that discards pages: the keeper
///   decides. By i386's numbers, too.
/// - Wholly in one free part: mprotect, pkey_mprotect without PROT_GROWSDOWN
///   and PROT_GROWSUP, munmap, madvise, mremap and mmap with MAP_FIXED pass, by
///   the program's own numbers. So does brk, but for who asks the keeper: in a
///   heap nothing is sealed where there is free memory.
/// - setrlimit(RLIMIT_AS), where there is free memory: the keeper adds what the
///   fence takes (loader/fence.h).
/// - setuid(2) and kin, PR_SET_DUMPABLE: the keeper looks, and they go on.
/// - The same advice by process_madvise, whose ranges lie in memory: EINVAL, as
///   before Linux 6.13.
/// - prctl(PR_SET_MM), io_uring_setup: EPERM. x32's numbers: ENOSYS.
/// - The number -1, of a call that a tracer skipped: let pass.
/// - 32-bit programs on arm64, in which nothing is sealed: let pass.
///
/// Errors:  budget if `storage` is too small.
Result<bpf::Program> compile_filter(filter::Architecture architecture,
                                    const TreeRules &rules,
                                    std::span<bpf::Instruction> storage);

}  // namespace memseal::keeper
