// SPDX-License-Identifier: Apache-2.0
#include "supervisor/memory_call.h"

#include <linux/audit.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <algorithm>

#include "filter/huge_pages.h"
#include "keeper/protocol.h"

namespace memseal::supervisor {
namespace {

// Newer than the headers of the oldest Debian we build on.
// Source: Linux, include/uapi/asm-generic/mman-common.h.
constexpr unsigned madv_dontneed_locked = 24, madv_guard_install = 102;

/// The kernel ignores tags: the upper byte on arm64, bits 57 to 62 on x86-64.
Address untagged(std::uint64_t address) {
  bool kernel_half = (address >> 63) != 0;
  return kernel_half ? address : address & ((1UL << 57) - 1);
}

void touch(MemoryCall &call, std::uint64_t begin, std::uint64_t size,
           std::size_t page) {
  Address at = untagged(begin);
  // A range that wraps is the kernel's to refuse; what lies below the wrap is
  // looked at all the same.
  const Address top = 0UL - page;
  std::uint64_t room = at < top ? top - at : 0;
  if (auto range = PageRange::covering(at, std::min(size, room), page))
    call.ranges.push_back(*range);
}

Effect effect_of_advice(std::uint64_t advice) {
  switch (static_cast<unsigned>(advice)) {
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
    case madv_dontneed_locked:
    case madv_guard_install:
      return Effect::discard;
    case MADV_DODUMP:
    case MADV_NORMAL:
    case MADV_SEQUENTIAL:
      return Effect::clear_mark;
    default:
      return Effect::none;
  }
}

void decode_mmap(MemoryCall &call, const std::uint64_t (&args)[6],
                 std::size_t page) {
  const std::uint64_t flags = args[3];
  if ((flags & MAP_FIXED) == 0 || (flags & MAP_FIXED_NOREPLACE) != 0)
    return;
  call.effect = Effect::change;
  std::uint64_t size = args[1];
  if ((flags & MAP_HUGETLB) != 0) {
    // The size of a huge page stands in the flags; 0 is the default, which is
    // not above 1 GiB anywhere.
    unsigned shift = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
    std::uint64_t huge = 1UL << (shift != 0 ? shift : 21);
    size = (size + huge - 1) & ~(huge - 1);
  } else if ((flags & MAP_ANONYMOUS) == 0) {
    call.file = static_cast<int>(args[4]);
  }
  touch(call, args[0], size, page);
}

void decode_mremap(MemoryCall &call, const std::uint64_t (&args)[6],
                   std::size_t page) {
  call.effect = Effect::change;
  // An old length of 0 makes a second mapping of the pages at the address.
  touch(call, args[0], std::max<std::uint64_t>(args[1], 1), page);
  if ((args[3] & MREMAP_FIXED) == 0 || args[2] == 0)
    return;
  const Address to = untagged(args[4]);
  const std::uint64_t room = ~Address{0} - to;
  const Address last =
      filter::last_byte_moved_onto(filter::native_architecture(), args[0], to,
                                   to + std::min(args[2] - 1, room));
  touch(call, to, std::max(last - to + 1, last - to), page);
}

}  // namespace

#if defined(__x86_64__)
const std::uint32_t native_arch = AUDIT_ARCH_X86_64;
#else
const std::uint32_t native_arch = AUDIT_ARCH_AARCH64;
#endif

MemoryCall decode(const seccomp_data &data, std::size_t page) {
  if (data.arch != native_arch)
    return {};
  std::uint64_t args[6];
  for (int i = 0; i < 6; ++i)
    args[i] = data.args[i];
  MemoryCall call;
  switch (data.nr) {
    case SYS_mprotect:
    case SYS_pkey_mprotect:
      // PROT_GROWSDOWN goes on to the end of the mapping, whose pages are all
      // marked or all not.
    case SYS_munmap:
    case SYS_remap_file_pages:
      call.effect = Effect::change;
      touch(call, args[0], args[1], page);
      break;
    case SYS_mremap:
      decode_mremap(call, args, page);
      break;
    case SYS_mmap:
      decode_mmap(call, args, page);
      break;
    case SYS_madvise:
      call.effect = effect_of_advice(args[2]);
      touch(call, args[0], args[1], page);
      break;
    case SYS_brk:
      if (args[0] == 0) {  // only asks where the break is
        if (args[1] == keeper::keeper_cookie)
          call.effect = Effect::request;
        break;
      }
      // It is rounded up. Source: Linux, mm/mmap.c, brk().
      call.effect = Effect::lower_break;
      touch(call, (untagged(args[0]) + page - 1) & ~(page - 1), ~0UL, page);
      break;
    case SYS_shmat:
      if ((args[2] & SHM_REMAP) != 0) {
        call.effect = Effect::attach_over;
        touch(call, args[1], ~0UL, page);
      }
      break;
    case SYS_shmdt:
      // The segment's size is in no argument.
      call.effect = Effect::detach;
      touch(call, args[0], ~0UL, page);
      break;
    case SYS_prctl:
      if (args[0] == PR_SET_MM)
        call.effect = Effect::refused;
      if (args[0] == PR_SET_DUMPABLE)
        call.effect = Effect::hides;
      break;
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setreuid:
    case SYS_setregid:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setfsuid:
    case SYS_setfsgid:
      call.effect = Effect::hides;
      break;
    default:
      break;
  }
  return call;
}

}  // namespace memseal::supervisor
