// SPDX-License-Identifier: Apache-2.0
// memseal/memseal_arena.h over arena/arena.h: errors become errno.
#include <pthread.h>

#include <atomic>
#include <cerrno>

#include "arena/arena.h"
#include "memseal/memseal_arena.h"
#include "seal/seal_sites.h"
#include "sys/memory.h"

namespace memseal {
namespace {

const Arena *from_c(const memseal_arena *arena) {
  return reinterpret_cast<const Arena *>(arena);
}
Arena *from_c(memseal_arena *arena) {
  return reinterpret_cast<Arena *>(arena);
}

int report(Error error) {
  errno = error.to_errno();
  return -1;
}

Result<Engine> chosen(unsigned engine) {
  switch (engine) {
    case MEMSEAL_ARENA_AUTO:
      return sys::has_mseal() ? Engine::native : Engine::filter;
    case MEMSEAL_ARENA_NATIVE:
      if (!sys::has_mseal())
        return fail(Errc::unsupported);
      return Engine::native;
    case MEMSEAL_ARENA_FILTER:
      return Engine::filter;
    default:
      return fail(Errc::invalid);
  }
}

/// Makes fork(2) in one thread wait for the others' calls, once in a process.
int be_ready_for_fork() {
  static constinit std::atomic<bool> ready = false;
  if (ready.exchange(true))
    return 0;
  int failed =
      pthread_atfork(Arena::hold_all, Arena::release_all, Arena::release_all);
  if (failed != 0)
    ready = false;
  return failed;
}

}  // namespace
}  // namespace memseal

using memseal::from_c;

int memseal_arena_create(memseal_arena **arena, size_t reservation,
                         unsigned engine) {
  auto kind = memseal::chosen(engine);
  if (!kind)
    return memseal::report(kind.error());
  if (int failed = memseal::be_ready_for_fork()) {
    errno = failed;
    return -1;
  }
  auto made = memseal::Arena::create(
      reservation != 0 ? reservation : MEMSEAL_ARENA_DEFAULT_RESERVATION,
      *kind);
  if (!made)
    return memseal::report(made.error());
  *arena = reinterpret_cast<memseal_arena *>(*made);
  return 0;
}

void *memseal_arena_allocate(memseal_arena *arena, size_t size,
                             size_t alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    errno = EINVAL;
    return nullptr;
  }
  auto memory = from_c(arena)->allocate(size, alignment);
  if (!memory) {
    errno = ENOMEM;
    return nullptr;
  }
  return *memory;
}

int memseal_arena_seal(memseal_arena *arena) {
  memseal::Arena &a = *from_c(arena);
  std::size_t before = a.sealed_bytes();
  auto sealed = a.seal();
  if (!sealed)
    return memseal::report(sealed.error());
  auto closed = memseal::PageRange::create(a.reservation().begin() + before,
                                           a.sealed_bytes() - before,
                                           memseal::sys::page_size());
  if (closed)
    note_seal(*closed, memseal::SealedThing::arena,
              __builtin_return_address(0));
  return 0;
}

int memseal_arena_is_sealed(const memseal_arena *arena, const void *address,
                            size_t size) {
  return from_c(arena)->is_sealed(address, size) ? 1 : 0;
}

void memseal_arena_query(const memseal_arena *arena, memseal_arena_info *info) {
  const memseal::Arena &a = *from_c(arena);
  *info = {
      .begin = reinterpret_cast<const void *>(a.reservation().begin()),
      .reservation = a.reservation().size(),
      .sealed = a.sealed_bytes(),
      .open = a.open_bytes(),
      .engine = a.engine() == memseal::Engine::native ? MEMSEAL_ARENA_NATIVE
                                                      : MEMSEAL_ARENA_FILTER,
  };
}
