// SPDX-License-Identifier: Apache-2.0
// docs/semantics.md written down a third time, for a solver: once for the
// compiler, once for the model, and here. It is made from the page and from the
// kernel's sources that the page cites, and shares no rule with the other two.
//
// For each call there are two answers, and between them is what S-29 leaves to
// the filter:
//
//   acts      the kernel would act on a sealed page: must be refused
//   touches   a sealed page lies between the pages of the first and the last
//             byte: only then may it be refused
#pragma once

#include <z3++.h>

#include <cstdint>
#include <span>
#include <string>

#include "filter/compiler.h"
#include "symbolic_machine.h"

namespace memseal::prove {

enum class Act : std::uint8_t {
  mprotect,
  pkey_mprotect,
  munmap,
  mmap,
  mremap,
  madvise,
  brk,
  shmdt,
  remap_file_pages,
};
inline constexpr Act all_acts[] = {
    Act::mprotect, Act::pkey_mprotect, Act::munmap,
    Act::mmap,     Act::mremap,        Act::madvise,
    Act::brk,      Act::shmdt,         Act::remap_file_pages};

/// One way into the kernel: whose process, and by which numbers it calls.
/// Source: the kernel's tables (arch/x86/entry/syscalls/*.tbl,
/// include/uapi/asm-generic/unistd.h, arch/arm/tools/syscall.tbl).
struct Way {
  const char *name;
  filter::Architecture process;
  std::uint32_t audit_architecture;
  bool wide;                 ///< registers of 64 bits, mmap's offset in bytes
  std::uint32_t numbers[9];  ///< as all_acts
  std::uint32_t number_of(Act act) const {
    return numbers[static_cast<std::size_t>(act)];
  }
};
std::span<const Way> all_ways();
const char *name_of(Act act);

struct Rule {
  z3::expr acts, touches;
};

/// What is sealed, and the smallest page of the kernel.
struct Sealed {
  std::span<const filter::GuardedRange> ranges;
  const filter::RangeOptions &options;
  std::uint64_t page = 4096;
};

/// The rule of one act by one way.
Rule rule_of(Act act, const Way &way, const Sealed &sealed,
             const SymbolicCall &call);

}  // namespace memseal::prove
