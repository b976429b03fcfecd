// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace memseal::test {

/// Whether pkey_mprotect(2) is there: Linux 4.9 on x86-64, 6.12 on arm64.
inline bool has_keys() {
  // Length zero: nothing is touched.
  return syscall(SYS_pkey_mprotect, nullptr, 0, PROT_READ, -1) == 0 ||
         errno != ENOSYS;
}

}  // namespace memseal::test
