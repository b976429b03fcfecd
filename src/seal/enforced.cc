// SPDX-License-Identifier: Apache-2.0
#include "seal/enforced.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"
#include "vm/protection.h"

namespace memseal {
namespace {

constexpr int advice_dontneed = 4;
constexpr unsigned prot_grows = 0x03000000;  // PROT_GROWSDOWN | PROT_GROWSUP
constexpr unsigned mfd_hugetlb = 4, mfd_unknown = 1u << 25;
constexpr int ptrace_unknown = 0x7fff;

template <typename... Arguments>
bool is_forbidden(long number, Arguments... arguments) {
  return sys::call(number, arguments...).error() == EPERM;
}

bool forbids(SealTypes type, Address inside, Downgrade downgrade) {
  if (type == seal_type::mprotect) {
    bool lowering = downgrade == Downgrade::refused;
    return is_forbidden(SYS_mprotect, inside, 1,
                        lowering ? Protection::read : 0u);
  }
  if (type == seal_type::munmap)
    return is_forbidden(SYS_munmap, inside, 1);
  if (type == seal_type::mmap)
    return is_forbidden(SYS_mmap, inside, 1, 0,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (type == seal_type::mremap)
    return is_forbidden(SYS_mremap, inside, 1, 1, 0);
  return is_forbidden(SYS_madvise, inside, 1, advice_dontneed);
}

}  // namespace

SealTypes filtered(Address page, SealTypes asked, Downgrade downgrade) {
  SealTypes found{};
  for (SealTypes type :
       {seal_type::mprotect, seal_type::munmap, seal_type::mmap,
        seal_type::mremap, seal_type::discard}) {
    if (asked.has(type) && forbids(type, page + 1, downgrade))
      found = found | type;
  }
  return found;
}

bool refuses_mremap(Address page) {
  std::size_t size = sys::page_size();
  return is_forbidden(SYS_mremap, page, size, size, 0);
}

// Each of these makes no sense to the kernel, which answers something else.
bool has_base_filter(BaseLevel level) {
  if (level == BaseLevel::none)
    return true;
  bool compatible =
      is_forbidden(SYS_mprotect, 0, 0, prot_grows) &&
      is_forbidden(SYS_memfd_create, 0, mfd_hugetlb | mfd_unknown);
  if (level == BaseLevel::compatible || !compatible)
    return compatible;
  return is_forbidden(SYS_io_destroy, 0) &&
         is_forbidden(SYS_ptrace, ptrace_unknown, 0, 0, 0);
}

}  // namespace memseal
