// SPDX-License-Identifier: Apache-2.0
// The freestanding core in a program that has no C library at all (S-77).
// Exit: 0, or the step that failed.
#include <asm/mman.h>
#include <sys/syscall.h>

#include "memseal/seal.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace {

using namespace memseal;

bool refuses_munmap(PageRange range) {
  return sys::call(SYS_munmap, range.begin(), range.size()).error() == EPERM;
}

int run() {
  auto one = sys::map_anonymous(4096), two = sys::map_anonymous(4096),
       twin = sys::map_anonymous(4096);
  if (!one || !two || !twin)
    return 1;
  if (sys::has_mseal() &&
      (!seal(*one, seal_type::all, Downgrade::refused, Engine::native) ||
       !refuses_munmap(*one)))
    return 2;
  Batch batch;
  if (!batch.add({*two, seal_type::mapping}) || !batch.commit(Engine::filter))
    return 3;
  if (!batch.requests().empty())
    return 4;
  if (!refuses_munmap(*two))
    return 5;
  if (!sys::unmap(*twin))
    return 6;
  if (query(two->begin()).types != seal_type::mapping ||
      base_level() != BaseLevel::compatible)
    return 7;
  auto three = sys::map_anonymous(4096);
  if (!seal(*three, seal_type::all, Downgrade::refused, Engine::strict) ||
      !refuses_munmap(*three))
    return 8;
  return 0;
}

}  // namespace

extern "C" [[noreturn, gnu::used]] void program_begin() {
  int outcome = run();
  for (;;)
    sys::call(SYS_exit_group, outcome);
}

// The stack is aligned to 16 bytes at entry, and a function expects it to be so
// before the call that enters it.
#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  call program_begin\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  bl program_begin\n");
#endif
