// SPDX-License-Identifier: Apache-2.0
// Sealed ranges as the one or two programs that the kernel takes, and how much
// of the kernel's room they need. Used by a process for itself and by a tracer
// for another process.
#pragma once

#include <cstdint>
#include <span>

#include "base/inline_vector.h"
#include "bpf/assembler.h"
#include "bpf/instruction.h"
#include "filter/compiler.h"
#include "memseal/error.h"

namespace memseal::filter {

/// Filters that are installed, or are to be.
struct FilterCount {
  std::uint32_t programs = 0;
  /// The most that the kernel counts them as (bpf/kernel_length.h).
  std::uint32_t kernel_instructions = 0;

  FilterCount &operator+=(const FilterCount &more);
  friend bool operator==(const FilterCount &, const FilterCount &) = default;
};

FilterCount count_of(const bpf::Program &program);

/// In the order in which they are to be installed.
using Programs = InlineVector<bpf::Program, 2>;

FilterCount count_of(const Programs &programs);

/// Instructions that `compile_programs` needs as storage.
inline constexpr std::size_t programs_storage =
    std::size_t{2} * bpf::max_instructions;

/// Compiles the ranges into one program, or into two where one would be too
/// long. Of two, the first one forbids least, in case it stays alone: mremap
/// with MREMAP_FIXED away from the ranges. With OnViolation::report there is
/// only ever one, for the kernel takes one listener a process.
///
/// Needs:   ranges sorted, disjoint, below 2^63; `storage` of
///          `programs_storage` instructions, which holds the programs;
///          `scratch` as long as the ranges. `options.part` is not looked at.
/// Errors:  budget: too many ranges (about 1,200, with notify 590; several
/// times as
///          many where they lie close together).
Result<Programs> compile_programs(std::span<const GuardedRange> ranges,
                                  const RangeOptions &options,
                                  std::span<bpf::Instruction> storage,
                                  std::span<PageRange> scratch);

}  // namespace memseal::filter
