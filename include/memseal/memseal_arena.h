/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed arenas from C99: memory that is written once, sealed, and read for
 * ever. C++ programs include memseal/arena.h. */
#ifndef MEMSEAL_MEMSEAL_ARENA_H
#define MEMSEAL_MEMSEAL_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMSEAL_ARENA_API __attribute__((visibility("default")))

/* An arena; its content is the library's business. */
struct memseal_arena;

/* What enforces the arena's seals; 0 chooses native where mseal(2) is there. */
#define MEMSEAL_ARENA_AUTO 0u
#define MEMSEAL_ARENA_NATIVE 1u
#define MEMSEAL_ARENA_FILTER 2u

/* The reservation taken when 0 is asked for: 1 TiB of addresses. */
#define MEMSEAL_ARENA_DEFAULT_RESERVATION ((size_t)1 << 40)

/* What memseal_arena_query tells. `open` above 0 where start-up ends means a
 * forgotten seal. */
struct memseal_arena_info {
  const void *begin;  /* of the reservation */
  size_t reservation; /* bytes of addresses */
  size_t sealed;      /* bytes sealed, from `begin` */
  size_t open;        /* bytes allocated and still writable */
  unsigned engine;    /* MEMSEAL_ARENA_NATIVE or MEMSEAL_ARENA_FILTER */
};

/* Reserves addresses for an arena; takes no memory yet. An arena is never
 * destroyed: what is sealed cannot be unmapped before the process ends.
 *
 * Units:   bytes; rounded up to 2 MiB; at most 8 TiB; 0 means 1 TiB.
 * Errors:  returns -1 with errno EINVAL (size, engine), ENOMEM (no place, no
 *          memory, 256 arenas), EOPNOTSUPP (the engine is not to be had here,
 *          or other memory lies where a filter would guard arenas),
 *          E2BIG, EBUSY (filter: budget, a thread that cannot be brought under
 *          it). Nothing is reserved then and *arena is not written.
 * Kernel:  native 6.10; filter 4.17.
 * Does not stop: writes to what is not sealed yet; /proc/self/mem, ptrace.
 */
MEMSEAL_ARENA_API int memseal_arena_create(struct memseal_arena **arena,
                                           size_t reservation, unsigned engine);

/* `size` zeroed, writable bytes at a multiple of `alignment`.
 *
 * Needs:   alignment a power of two, else EINVAL.
 * Errors:  NULL with errno ENOMEM: reservation or memory used up. Everything
 *          built before is unharmed, and can still be sealed.
 * Context: any thread; not in signal handlers, nor is fork(2) there.
 */
MEMSEAL_ARENA_API void *memseal_arena_allocate(struct memseal_arena *arena,
                                               size_t size, size_t alignment);

/* Seals everything allocated so far, for ever: nothing can write to it, unmap,
 * replace, move or empty it. The next allocation starts on a new page. What
 * another thread was given and has not filled yet is sealed too.
 *
 * Errors:  -1 with errno ENOMEM (the kernel's VMA limit). Nothing is sealed
 *          then and what was built stays writable.
 */
MEMSEAL_ARENA_API int memseal_arena_seal(struct memseal_arena *arena);

/* 1 if all of [address, address + size) is sealed in this arena, else 0. */
MEMSEAL_ARENA_API int memseal_arena_is_sealed(const struct memseal_arena *arena,
                                              const void *address, size_t size);

/* Tells where the arena is, and how much of it is sealed. */
MEMSEAL_ARENA_API void memseal_arena_query(const struct memseal_arena *arena,
                                           struct memseal_arena_info *info);

#ifdef __cplusplus
}
#endif

#endif /* MEMSEAL_MEMSEAL_ARENA_H */
