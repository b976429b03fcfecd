// SPDX-License-Identifier: Apache-2.0
// dlopen for musl, in the preloaded module.
//
// musl tells nobody what dlopen brings. But its search does not depend on who
// calls, and it never unloads: so a function of the same name in a preloaded
// library may stand before it, and seal afterwards what is new in the list. The
// constructors of the new libraries have run by then: a window that stays.
//
// glibc looks at its caller's address (RUNPATH, the namespace). A program of
// glibc's may inherit this module, so there the wrapper leaves no trace: it
// jumps, and glibc sees the program's call.
#include <atomic>

#include "audit/dlopen_wrapper.h"

namespace memseal {
namespace {

using Dlopen = void *(*)(const char *, int);

// The real one where our list is not known (yet): a weak reference is null
// where there is no such function.
#pragma weak dlsym
void *const rtld_next = reinterpret_cast<void *>(-1L);

link_map *known_last;
const Elf64_Dyn *own_dynamic;
Dlopen real_dlopen;
std::atomic<bool> busy;

/// In the libraries of now, this one left out.
void *find_elsewhere(std::string_view name) {
  if (known_last == nullptr)
    return nullptr;
  for (link_map *map = loader::head_of(known_last); map != nullptr;
       map = map->l_next) {
    if (map->l_ld == own_dynamic)
      continue;
    if (void *found = loader::find_symbol(*map, name))
      return found;
  }
  return nullptr;
}

void seal_what_is_new() {
  while (busy.exchange(true, std::memory_order_acquire))
    ;
  while (known_last->l_next != nullptr) {
    known_last = known_last->l_next;
    loader::seal_late_object(*known_last);
  }
  busy.store(false, std::memory_order_release);
}

void *open_and_seal(const char *name, int mode) {
  loader::library_searched(nullptr);
  void *handle = real_dlopen(name, mode);
  loader::batch_mapped();
  if (handle != nullptr)
    seal_what_is_new();
  return handle;
}

void *refuse(const char *, int) {
  return nullptr;
}

/// What a call of dlopen goes on with.
extern "C" __attribute__((used)) Dlopen memseal_choose_dlopen() {
  // With an old glibc it is in libdl, which may have come since.
  if (real_dlopen == nullptr)
    real_dlopen = reinterpret_cast<Dlopen>(find_elsewhere("dlopen"));
  if (real_dlopen == nullptr && dlsym != nullptr)
    real_dlopen = reinterpret_cast<Dlopen>(dlsym(rtld_next, "dlopen"));
  if (real_dlopen == nullptr)
    return refuse;
  bool is_musl = known_last != nullptr &&
                 find_elsewhere("gnu_get_libc_version") == nullptr;
  return is_musl ? open_and_seal : real_dlopen;
}

}  // namespace

void remember_initial_objects(link_map *head, const Elf64_Dyn *own) {
  own_dynamic = own;
  for (link_map *map = head; map != nullptr; map = map->l_next)
    known_last = map;
}

}  // namespace memseal

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".globl dlopen\n"
    ".type dlopen, @function\n"
    "dlopen: push %rdi\n"
    "push %rsi\n"
    "sub $8, %rsp\n"
    "call memseal_choose_dlopen\n"
    "add $8, %rsp\n"
    "pop %rsi\n"
    "pop %rdi\n"
    "jmp *%rax\n"
    ".size dlopen, . - dlopen\n");
#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl dlopen\n"
    ".type dlopen, @function\n"
    "dlopen: stp x29, x30, [sp, #-32]!\n"
    "stp x0, x1, [sp, #16]\n"
    "bl memseal_choose_dlopen\n"
    "mov x16, x0\n"
    "ldp x0, x1, [sp, #16]\n"
    "ldp x29, x30, [sp], #32\n"
    "br x16\n"
    ".size dlopen, . - dlopen\n");
#endif
