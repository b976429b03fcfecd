// SPDX-License-Identifier: Apache-2.0
#include "arena/guard.h"

#include <linux/mman.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

#include "arena/window.h"
#include "memseal/seal.h"
#include "seal/reservation.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

PageRange window() {
  return *PageRange::create(window_begin, window_size, sys::page_size());
}

/// Whether a filter that an ancestor installed before its exec guards the
/// window: asked of the kernel, by trying on a page that nobody needs what the
/// filter must refuse. Where nothing guards, the page is gone afterwards.
bool is_guarded_by_ancestor() {
  if (sys::call(SYS_prctl, PR_GET_SECCOMP).raw <= 0)
    return false;  // this process has no filter at all
  std::size_t page = sys::page_size();
  constexpr unsigned anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  constexpr unsigned rw = Protection::read | Protection::write;
  Address probe = window().end() - page;
  sys::Answer mapped = sys::call(SYS_mmap, probe, page, rw,
                                 anonymous | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped.failed() && mapped.error() != EEXIST)
    return false;
  auto refused = [](sys::Answer answer) { return answer.error() == EPERM; };
  bool keeps_protection = refused(sys::call(SYS_mprotect, probe, page, rw));
  bool keeps_content =
      refused(sys::call(SYS_madvise, probe, page, MADV_DONTNEED));
  bool keeps_place = refused(sys::call(SYS_mremap, probe, page, page, 0));
  bool keeps_object = refused(
      sys::call(SYS_mmap, probe, page, rw, anonymous | MAP_FIXED, -1, 0));
  bool stays_mapped = refused(sys::call(SYS_munmap, probe, page));
  return keeps_protection && keeps_content && keeps_place && keeps_object &&
         stays_mapped;
}

}  // namespace

Result<void> guard_window() {
  if (query(window_begin).types == seal_type::all)
    return {};
  if (is_guarded_by_ancestor())
    return {};
  return guard_reservation(window());
}

}  // namespace memseal
