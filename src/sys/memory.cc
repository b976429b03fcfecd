// SPDX-License-Identifier: Apache-2.0
#include "sys/memory.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include "sys/auxiliary_vector.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

Result<void> nothing(ReturnValue answer) {
  if (answer.failed())
    return fail(Errc::system, answer.error());
  return {};
}

Result<PageRange> map(std::size_t size, int sharing) {
  // PROT and MAP constants come from the kernel's own header: this file is
  // also built where there is no C library to include.
  std::size_t page = page_size();
  std::size_t whole = (size + page - 1) & ~(page - 1);
  long begin = MEMSEAL_TRY(
      result(call(SYS_mmap, 0, whole, Protection::read | Protection::write,
                  sharing | MAP_ANONYMOUS, -1, 0)));
  return PageRange::create(static_cast<Address>(begin), whole, page);
}

}  // namespace

Result<void> mseal(PageRange range) {
  return nothing(call(nr_mseal, range.begin(), range.size(), 0));
}

bool has_mseal() {
  return !call(nr_mseal, 0, 0, 0).failed();
}

Result<PageRange> map_anonymous(std::size_t size) {
  return map(size, MAP_PRIVATE);
}

Result<PageRange> map_shared(std::size_t size) {
  return map(size, MAP_SHARED);
}

Result<PageRange> map_populated(std::size_t size) {
  return map(size, MAP_PRIVATE | MAP_POPULATE);
}

Result<void> map_at(PageRange range) {
  long begin = MEMSEAL_TRY(
      result(call(SYS_mmap, range.begin(), range.size(),
                  Protection::read | Protection::write,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)));
  if (static_cast<Address>(begin) == range.begin())
    return {};
  call(SYS_munmap, begin, range.size());
  return fail(Errc::system, EEXIST);
}

Result<void> unmap(PageRange range) {
  return nothing(call(SYS_munmap, range.begin(), range.size()));
}

Result<void> move(PageRange range, Address to) {
  return nothing(call(SYS_mremap, range.begin(), range.size(), range.size(),
                      MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

Result<void> protect(PageRange range, Protection protection) {
  return nothing(
      call(SYS_mprotect, range.begin(), range.size(), protection.bits));
}

}  // namespace memseal::sys
