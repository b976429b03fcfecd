// SPDX-License-Identifier: Apache-2.0
// Compiles sealed ranges into one seccomp-BPF program.
//
// Every memory-management call takes scalars in registers. seccomp shows them
// to a filter before the call starts, and nobody can change them afterwards, so
// a filter can decide for good whether a call touches sealed pages.
//
// A program has four stages, in this order:
//
// clang-format off
//   dispatch     architecture and number. A call that is none of ours is allowed
//                by a few jumps on constants, which the kernel proves; it then
//                skips the program for such calls (since 5.11).
//   conditions   what besides the range decides: MAP_FIXED, the advice, PROT_READ.
//   span         the first and the last byte that the call would touch.
//   tree         whether a sealed range lies between them (filter/page_check.h).
// clang-format on
//
// Compiling installs nothing and allocates nothing.
//
// Rules: docs/semantics.md, S-20 to S-53.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "bpf/assembler.h"
#include "filter/action.h"
#include "filter/syscall_table.h"
#include "memseal/page_range.h"
#include "memseal/seal_types.h"
#include "vm/enforcement.h"

namespace memseal::filter {

/// Pages that a program guards.
struct GuardedRange {
  PageRange range;
  SealTypes types;
  Downgrade downgrade = Downgrade::refused;
};

/// What a program returns for a violation: SECCOMP_RET_.
constexpr std::uint32_t action_for(OnViolation on_violation) {
  switch (on_violation) {
    case OnViolation::deny:
      break;
    case OnViolation::report:
    case OnViolation::permit:
      return action::notify;  // the listener decides; ENOSYS when it is gone
    case OnViolation::kill:
      return action::kill_process;
    case OnViolation::trap:
      return action::trap;
  }
  return action::eperm;
}

/// Two ranges decide over mremap with MREMAP_FIXED, where BPF, which only jumps
/// forward, can pass the tree once. So the tree is there twice. Where that is
/// too long for one program, the second one goes into a program of its own.
enum class ProgramPart : std::uint8_t {
  whole,               ///< everything in one program
  all_but_moved_from,  ///< whole, less the old range of MREMAP_FIXED
  moved_from,          ///< only the old range of MREMAP_FIXED
};

/// Whether a file that is mapped may be one of huge pages (hugetlbfs), which
/// reaches farther than its length says (S-33).
enum class HugeFiles : std::uint8_t { none, possible };

struct RangeOptions {
  Architecture architecture = native_architecture();
  OnViolation on_violation = OnViolation::deny;
  ProgramPart part = ProgramPart::whole;
  HugeFiles huge_files = HugeFiles::possible;
  /// The pages of the breaks that brk would unmap MUNMAP-sealed pages with: up
  /// to the end of the highest of these, and not from 0 on, but from the lowest
  /// break that the kernel takes. A filter stays across exec, where the heap of
  /// another program may lie below. Such a brk is answered with 0, from which
  /// glibc and its malloc recover.
  std::optional<PageRange> breaks = {};
  /// Where System V segments with MUNMAP-sealed pages were attached: shmdt
  /// takes an address and no length.
  std::span<const Address> attachments = {};
};

/// Compiles the ranges; the program stands at the end of `storage`.
///
/// Needs:   ranges sorted, disjoint, below 2^63; `scratch` as long as they are.
/// Errors:  budget when the program is longer than `storage` or 4,096
///          instructions; some 1,200 ranges fit (590 with ProgramPart::whole),
///          and several times as many where they lie close together.
Result<bpf::Program> compile(std::span<const GuardedRange> ranges,
                             const RangeOptions &options,
                             std::span<bpf::Instruction> storage,
                             std::span<PageRange> scratch);

/// Compiles the base filter: what must be refused wherever it points, because a
/// filter cannot see where.
///
/// | refused                                    | level      | what breaks    |
/// |--------------------------------------------|------------|----------------|
/// | mprotect with PROT_GROWSDOWN, PROT_GROWSUP | compatible | executable-stack
/// |                                            |            | libraries      |
/// | shmat with SHM_REMAP                       | compatible |                |
/// | process_madvise with discarding advice     | compatible |                |
/// | personality with READ_IMPLIES_EXEC         | compatible | setarch -X     |
/// | address tags (LAM), x86                    | compatible | HWASan on LAM  |
/// | prctl(PR_SET_MM)                           | compatible | CRIU restore   |
/// | x32 numbers (ENOSYS)                       | compatible | x32 programs   |
/// | i386: mmap(90), ipc(shmat, shmdt)          | compatible | libc5 programs |
/// | memfd_create with MFD_HUGETLB              | compatible | DPDK, QEMU with
/// |                                            |            | huge-page memfds
/// | uselib                                     | compatible | libc4 programs |
/// | io_uring_setup                             | closed     | io_uring users |
/// | userfaultfd, also through /dev             | closed     | QEMU, CRIU     |
/// | ptrace                                     | closed     | debuggers inside
/// |                                            |            | the tree       |
/// | io_destroy: it unmaps where its ring once  | closed     | contexts of
/// | was, whatever is there now                 |            | libaio stay    |
///
/// A mapping of a huge-page memfd is why MFD_HUGETLB is here: with an offset
/// that its pages do not allow the kernel fails mmap with MAP_FIXED, after it
/// has unmapped the whole huge page (seen on 6.18). Ranges are rounded for
/// huge-page files only where the offset allows one, or every other dlopen
/// would be refused.
///
/// Needs:   `level` not none.
/// Errors:  budget when `storage` holds fewer than 128 instructions.
Result<bpf::Program> compile_base(BaseLevel level, Architecture architecture,
                                  std::span<bpf::Instruction> storage);

}  // namespace memseal::filter
