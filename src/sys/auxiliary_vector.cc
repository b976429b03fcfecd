// SPDX-License-Identifier: Apache-2.0
#include "sys/auxiliary_vector.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <atomic>
#include <iterator>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

constexpr long pr_get_auxv = 0x41555856;

// Room for twice what Linux 6.18 gives. Written by whoever comes first; two
// threads that race write the same bytes.
unsigned long copied[2 * 64];
std::atomic<const unsigned long *> known{nullptr};

const unsigned long *read_vector() {
  long size = call(SYS_prctl, pr_get_auxv, copied, sizeof copied, 0, 0).raw;
  if (size <= 0) {
    Answer file =
        call(SYS_openat, AT_FDCWD, "/proc/self/auxv", O_RDONLY | O_CLOEXEC);
    if (file.failed())
      return copied;
    call(SYS_read, file.raw, copied, sizeof copied);
    call(SYS_close, file.raw);
  }
  copied[std::size(copied) - 2] = AT_NULL;
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
