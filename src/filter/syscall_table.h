// SPDX-License-Identifier: Apache-2.0
// The numbers of the calls that can change a mapping.
#pragma once

#include <cstdint>
#include <span>

namespace memseal::filter {

/// The architecture of the process that is to be filtered.
enum class Architecture : std::uint8_t { x86_64, arm64 };

inline constexpr std::uint32_t no_such_call = 0xffffffff;

/// One way into the kernel. A 64-bit process has two of them: its own, and that
/// of its 32-bit ancestor (int 0x80, or an exec'd 32-bit program), which
/// reaches the same memory.
struct SyscallTable {
  std::uint32_t audit_architecture;  ///< AUDIT_ARCH_, linux/audit.h
  bool offset_in_pages;              ///< mmap2: argument 5 counts pages

  std::uint32_t mprotect, pkey_mprotect, munmap, mmap, mremap, madvise, brk;
  std::uint32_t shmat, shmdt, remap_file_pages, process_madvise;
  /// Calls whose memory arguments a filter cannot see: i386's first mmap, whose
  /// arguments lie in memory, and ipc(2), which holds shmat and shmdt.
  std::uint32_t old_mmap, ipc;
  std::uint32_t personality, prctl, arch_prctl, ioctl, ptrace, userfaultfd,
      io_uring_setup, memfd_create, uselib, io_destroy;
  /// Numbers from here on belong to x32: no_such_call where there is none.
  std::uint32_t foreign_numbers;
};

/// The process's own table first.
/// Source:  Linux 6.18, arch/*/entry/syscalls/*.tbl and scripts/syscall.tbl.
std::span<const SyscallTable> tables_of(Architecture architecture);

/// The architecture that this code was compiled for.
constexpr Architecture native_architecture() {
#if defined(__aarch64__)
  return Architecture::arm64;
#else
  return Architecture::x86_64;
#endif
}

}  // namespace memseal::filter
