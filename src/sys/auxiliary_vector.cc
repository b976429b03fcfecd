// SPDX-License-Identifier: Apache-2.0
#include "sys/auxiliary_vector.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

constexpr long pr_get_auxv = 0x41555856;

// Room for twice what Linux 6.18 gives, and an AT_NULL that nobody overwrites.
// The kernel writes to it for whoever comes first; for two threads that race it
// writes the same bytes.
unsigned long copied[2 * 64];
constexpr std::size_t room = sizeof copied - 2 * sizeof copied[0];
static_assert(AT_NULL == 0);
std::atomic<const unsigned long *> known{nullptr};

const unsigned long *read_vector() {
  long size = call(SYS_prctl, pr_get_auxv, copied, room, 0, 0).raw;
  if (size <= 0) {
    ReturnValue file =
        call(SYS_openat, AT_FDCWD, "/proc/self/auxv", O_RDONLY | O_CLOEXEC);
    if (file.failed())
      return copied;
    call(SYS_read, file.raw, copied, room);
    call(SYS_close, file.raw);
  }
  return copied;
}

}  // namespace

void set_auxiliary_vector(const unsigned long *vector) {
  known = vector;
}

unsigned long auxiliary_value(unsigned long type) {
  const unsigned long *vector = known;
  if (vector == nullptr) {
    vector = read_vector();
    known = vector;
  }
  for (; vector[0] != AT_NULL; vector += 2) {
    if (vector[0] == type)
      return vector[1];
  }
  return 0;
}

std::size_t page_size() {
  unsigned long told = auxiliary_value(AT_PAGESZ);
  return told != 0 ? told : 4096;
}

}  // namespace memseal::sys
