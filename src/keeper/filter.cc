// SPDX-License-Identifier: Apache-2.0
#include "keeper/filter.h"

#include <linux/audit.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace memseal::keeper {
namespace {

constexpr unsigned refuse(int error) {
  return SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
}
constexpr unsigned refuse_or_allow(int error, Unjudged unjudged) {
  return unjudged == Unjudged::refused ? refuse(error) : SECCOMP_RET_ALLOW;
}
constexpr unsigned notify = SECCOMP_RET_USER_NOTIF;

/// The low word of a register; the calls take flags and advice from there.
constexpr unsigned low_word(unsigned argument) {
  return static_cast<unsigned>(offsetof(seccomp_data, args)) + 8 * argument;
}

/// Advice that discards what is in a page, or would take our mark away.
/// MADV_DONTNEED_LOCKED and MADV_GUARD_INSTALL by number: newer than headers.
constexpr unsigned judged_advice[] = {MADV_DONTNEED,
                                      MADV_FREE,
                                      MADV_REMOVE,
                                      MADV_DONTFORK,
                                      MADV_WIPEONFORK,
                                      MADV_DODUMP,
                                      MADV_NORMAL,
                                      MADV_SEQUENTIAL,
                                      24,
                                      102};

/// The same on every architecture. Source: include/uapi/asm-generic/unistd.h.
constexpr unsigned nr_process_madvise = 440;

struct Writer {
  std::array<sock_filter, 128> code{};
  std::size_t size = 0;

  constexpr void emit(unsigned op, unsigned k, unsigned jt = 0,
                      unsigned jf = 0) {
    code[size++] = {static_cast<__u16>(op), static_cast<__u8>(jt),
                    static_cast<__u8>(jf), k};
  }
  constexpr void load(unsigned offset) {
    emit(BPF_LD | BPF_W | BPF_ABS, offset);
  }
  constexpr void give(unsigned action) { emit(BPF_RET | BPF_K, action); }
  constexpr void if_equal(unsigned value, unsigned action) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    give(action);
  }
  constexpr void if_any_bit(unsigned bits, unsigned action) {
    emit(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    give(action);
  }
  /// Begins what is done for one call; `end` ends it.
  constexpr std::size_t begin_call(unsigned number) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
    return size;
  }
  constexpr void end_call(std::size_t begin) {
    give(SECCOMP_RET_ALLOW);
    code[begin - 1].jf = static_cast<__u8>(size - begin);
  }
};

#if defined(__x86_64__)
constexpr unsigned native = AUDIT_ARCH_X86_64;
#else
constexpr unsigned native = AUDIT_ARCH_AARCH64;
#endif

// Calls of a 32-bit program, or of `int 0x80`, which reaches every address: the
// keeper knows the 64-bit numbers only, so they do not exist here.
constexpr Writer write(Unjudged unjudged) {
  Writer w;
  w.load(offsetof(seccomp_data, arch));
  w.emit(BPF_JMP | BPF_JEQ | BPF_K, native, 1, 0);
  w.give(refuse_or_allow(ENOSYS, unjudged));
  w.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  // x32: the same calls by other numbers.
  w.emit(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  w.give(refuse_or_allow(ENOSYS, unjudged));
#endif
  // With brk a process asks its keeper, too (protocol.h). brk(0) is shown like
  // all the others: should the keeper be gone, libc finds no heap, and not one
  // that it cannot enlarge.
  for (long number : {SYS_mprotect, SYS_munmap, SYS_mremap, SYS_brk,
                      SYS_pkey_mprotect, SYS_remap_file_pages, SYS_shmdt})
    w.if_equal(static_cast<unsigned>(number), notify);
  // After these the keeper may have no right to look into the process.
  for (long number : {SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid,
                      SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid})
    w.if_equal(static_cast<unsigned>(number), notify);

  std::size_t call = w.begin_call(SYS_mmap);
  w.load(low_word(3));
  // It never replaces a mapping (since Linux 4.17; we need 5.7).
  w.if_any_bit(MAP_FIXED_NOREPLACE, SECCOMP_RET_ALLOW);
  w.if_any_bit(MAP_FIXED, notify);
  w.end_call(call);

  call = w.begin_call(SYS_madvise);
  w.load(low_word(2));
  for (unsigned advice : judged_advice)
    w.if_equal(advice, notify);
  w.end_call(call);

  // Since Linux 6.13 a process may give itself any advice by this call, and the
  // ranges are in memory: what madvise is asked about is EINVAL here, as it is
  // on older kernels. Source: Linux 6.13, mm/madvise.c,
  // process_madvise_remote_valid.
  call = w.begin_call(nr_process_madvise);
  w.load(low_word(3));
  for (unsigned advice : judged_advice)
    w.if_equal(advice, refuse_or_allow(EINVAL, unjudged));
  w.end_call(call);

  call = w.begin_call(SYS_shmat);
  w.load(low_word(2));
  w.if_any_bit(SHM_REMAP, notify);
  w.end_call(call);

  // It moves the break over anything, unprivileged with PR_SET_MM_MAP.
  call = w.begin_call(SYS_prctl);
  w.load(low_word(0));
  w.if_equal(PR_SET_MM, refuse_or_allow(EPERM, unjudged));
  w.if_equal(PR_SET_DUMPABLE, notify);
  w.end_call(call);

  w.give(SECCOMP_RET_ALLOW);
  return w;
}

constexpr Writer refusing = write(Unjudged::refused),
                 allowing = write(Unjudged::allowed);

}  // namespace

std::span<const sock_filter> keeper_filter(Unjudged unjudged) {
  const Writer &written = unjudged == Unjudged::refused ? refusing : allowing;
  return {written.code.data(), written.size};
}

}  // namespace memseal::keeper
