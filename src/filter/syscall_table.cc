// SPDX-License-Identifier: Apache-2.0
#include "filter/syscall_table.h"

namespace memseal::filter {
namespace {

constexpr SyscallTable x86_64{
    .audit_architecture = 0xc000003e,
    .offset_in_pages = false,
    .mprotect = 10,
    .pkey_mprotect = 329,
    .munmap = 11,
    .mmap = 9,
    .mremap = 25,
    .madvise = 28,
    .brk = 12,
    .shmat = 30,
    .shmdt = 67,
    .remap_file_pages = 216,
    .process_madvise = 440,
    .old_mmap = no_such_call,
    .ipc = no_such_call,
    .personality = 135,
    .prctl = 157,
    .arch_prctl = 158,
    .ioctl = 16,
    .ptrace = 101,
    .userfaultfd = 323,
    .io_uring_setup = 425,
    .memfd_create = 319,
    .uselib = 134,
    .io_destroy = 207,
    .foreign_numbers = 0x40000000,
};

constexpr SyscallTable i386{
    .audit_architecture = 0x40000003,
    .offset_in_pages = true,
    .mprotect = 125,
    .pkey_mprotect = 380,
    .munmap = 91,
    .mmap = 192,
    .mremap = 163,
    .madvise = 219,
    .brk = 45,
    .shmat = 397,
    .shmdt = 398,
    .remap_file_pages = 257,
    .process_madvise = 440,
    .old_mmap = 90,
    .ipc = 117,
    .personality = 136,
    .prctl = 172,
    .arch_prctl = 384,
    .ioctl = 54,
    .ptrace = 26,
    .userfaultfd = 374,
    .io_uring_setup = 425,
    .memfd_create = 356,
    .uselib = 86,
    .io_destroy = 246,
    .foreign_numbers = no_such_call,
};

constexpr SyscallTable arm64{
    .audit_architecture = 0xc00000b7,
    .offset_in_pages = false,
    .mprotect = 226,
    .pkey_mprotect = 288,
    .munmap = 215,
    .mmap = 222,
    .mremap = 216,
    .madvise = 233,
    .brk = 214,
    .shmat = 196,
    .shmdt = 197,
    .remap_file_pages = 234,
    .process_madvise = 440,
    .old_mmap = no_such_call,
    .ipc = no_such_call,
    .personality = 92,
    .prctl = 167,
    .arch_prctl = no_such_call,
    .ioctl = 29,
    .ptrace = 117,
    .userfaultfd = 282,
    .io_uring_setup = 425,
    .memfd_create = 279,
    .uselib = no_such_call,
    .io_destroy = 1,
    .foreign_numbers = no_such_call,
};

constexpr SyscallTable arm{
    .audit_architecture = 0x40000028,
    .offset_in_pages = true,
    .mprotect = 125,
    .pkey_mprotect = 394,
    .munmap = 91,
    .mmap = 192,
    .mremap = 163,
    .madvise = 220,
    .brk = 45,
    .shmat = 305,
    .shmdt = 306,
    .remap_file_pages = 253,
    .process_madvise = 440,
    .old_mmap = no_such_call,
    .ipc = no_such_call,
    .personality = 136,
    .prctl = 172,
    .arch_prctl = no_such_call,
    .ioctl = 54,
    .ptrace = 26,
    .userfaultfd = 388,
    .io_uring_setup = 425,
    .memfd_create = 385,
    .uselib = 86,
    .io_destroy = 244,
    .foreign_numbers = no_such_call,
};

constexpr SyscallTable on_x86[] = {x86_64, i386};
constexpr SyscallTable on_arm[] = {arm64, arm};

}  // namespace

std::span<const SyscallTable> tables_of(Architecture architecture) {
  return architecture == Architecture::x86_64 ? std::span(on_x86)
                                              : std::span(on_arm);
}

}  // namespace memseal::filter
