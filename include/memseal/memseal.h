/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing memory from C99, and from every language that can call C.
 *
 *   if (mprotect(table, size, PROT_READ) != 0 ||
 *       memseal(table, size, MEMSEAL_ALL, 0) != 0)
 *     fprintf(stderr, "not sealed: %s\n", memseal_sentence(errno));
 *
 * The table is whole pages of its own, from mmap(2) for example. mprotect(2)
 * first: a seal keeps the protection that it finds, and sealed writable memory
 * stays writable.
 *
 * A seal makes the mapping of whole pages immutable, for the rest of the
 * process's life: that they exist, where they are, and what may be done with
 * their bytes. There is no unseal. docs/semantics.md has the rules by number.
 *
 * All functions: 0 (or a pointer) on success; on failure -1 (MAP_FAILED) with
 * the reason in errno, and nothing is sealed. They use no malloc and may be
 * called before main, from several threads and in signal handlers; give a
 * handler 32 KiB of stack.
 *
 * What no seal stops: writes through /proc/self/mem, by ptrace, or to the file
 * behind a mapping. docs/threat-model.md has the whole list. */
#ifndef MEMSEAL_MEMSEAL_H
#define MEMSEAL_MEMSEAL_H

#if !defined(__linux__)
#error "memseal seals memory on Linux only"
#elif !defined(__GNUC__)
#error "memseal's headers need GCC, clang or a compiler that claims to be one"
#elif defined(__cplusplus) && __cplusplus < 201103L
#error "memseal's C headers need C++11 or newer: compile with -std=c++11"
#elif !defined(__cplusplus) && \
    (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "memseal's C headers need C99 or newer: compile with -std=c99"
#elif !defined(__LP64__)
#error "memseal is for 64-bit programs: compile without -m32 and -mx32"
#endif

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMSEAL_API __attribute__((visibility("default")))

#define MEMSEAL_VERSION_MAJOR 0
#define MEMSEAL_VERSION_MINOR 2
#define MEMSEAL_VERSION_PATCH 0

/* Types: what a seal forbids. The first five have the values of RFC v1 of
 * mseal(), LKML, 16 October 2023. */
#define MEMSEAL_SEAL 0x1u     /* adding further types to the range */
#define MEMSEAL_MPROTECT 0x2u /* mprotect, pkey_mprotect */
#define MEMSEAL_MUNMAP 0x4u   /* munmap, brk downwards, shmdt */
#define MEMSEAL_MMAP 0x8u     /* being replaced: MAP_FIXED, SHM_REMAP */
#define MEMSEAL_MREMAP 0x10u  /* mremap from, within and onto the range */
#define MEMSEAL_DISCARD 0x20u /* madvise that empties or hides pages */
#define MEMSEAL_ALL 0x3fu

/* Cannot be unmapped, shrunk, moved or replaced. */
#define MEMSEAL_MAPPING (MEMSEAL_MUNMAP | MEMSEAL_MMAP | MEMSEAL_MREMAP)
/* Cannot be reprotected. */
#define MEMSEAL_PROTECTION MEMSEAL_MPROTECT

/* Flag: mprotect(PROT_READ) stays allowed, for ever and nothing but that, so
 * that RW and RX can be lowered and never raised again. Only with
 * MEMSEAL_MPROTECT; filter engine only. */
#define MEMSEAL_DOWNGRADABLE 0x1u

/* Flags: who enforces the seal. Without one of them: MEMSEAL_NATIVE where it
 * can do what is asked, else MEMSEAL_FILTER. Native is mseal(2), Linux 6.10,
 * MEMSEAL_ALL or nothing; filter is a seccomp filter, any types; strict is
 * both, which closes the holes that mseal(2) leaves. */
#define MEMSEAL_NATIVE 0x100u
#define MEMSEAL_FILTER 0x200u
#define MEMSEAL_STRICT 0x300u
#define MEMSEAL_ENGINES 0x300u

/* What the filter engine costs, said before it surprises:
 *  - Without CAP_SYS_ADMIN it sets no_new_privs: setuid programs started from
 *    this process, and by its children, run without their privileges.
 *  - Filters survive exec: the sealed addresses stay refused in the programs
 *    that this process turns into or starts.
 *  - The kernel's room for filters is limited: seal many ranges by one call of
 *    memseal_many, not one by one.
 *  - Other threads are interrupted once by a signal that memseal handles
 *    itself (number 33, borrowed for that moment), unless they sleep in a call
 *    that has nothing to do with mappings: what SA_RESTART does not restart may
 *    return EINTR. */

/* Seals the pages that [addr, addr + len) touches; `addr` must be aligned.
 *
 * Units:   bytes of this process; `len` is rounded up to whole pages.
 * Errors:  in this order, the first that applies:
 *          EINVAL  unknown types or flags; DOWNGRADABLE without MPROTECT;
 *                  `addr` unaligned, also with len 0; the range wraps.
 *                  (len 0 then succeeds and looks at nothing.)
 *          ENOMEM  by address, the first page that is not mapped, or
 *          EACCES  that holds MEMSEAL_SEAL and would gain something.
 *          EOPNOTSUPP  no engine here, or not the one named, enforces it.
 *          E2BIG   the kernel takes no more filter instructions.
 *          EBUSY   a thread could not be brought under the seal: it has a
 *                  filter of its own, or blocks signal 33, or /proc is that of
 *                  another PID namespace.
 *          any other errno of the kernel's, ENOMEM or EMFILE for example.
 *          Nothing is sealed on failure, with exceptions that only another
 *          thread of the caller can bring about and that cannot be undone:
 *          ENOMEM because it unmapped part of the range during the call, EBUSY
 *          because it reprotected it or blocked signal 33 during the call;
 *          memseal_query tells. And mseal(2) may stop half way for want of
 *          mappings: ENOMEM, vm.max_map_count.
 * Kernel:  native 6.10 (64-bit), filter 3.17 on x86-64 and arm64.
 * Does not stop: see above; native leaves more open (docs/semantics.md, S-62,
 *          S-63), MEMSEAL_STRICT closes that. */
#ifdef __cplusplus
} /* memseal::memseal in C++, where a namespace has that name */
namespace memseal {
extern "C" {
#endif
MEMSEAL_API int memseal(void *addr, size_t len, unsigned types, unsigned flags);
#ifdef __cplusplus
}
} /* namespace memseal */
extern "C" {
#endif

/* One range of memseal_many. */
struct memseal_range {
  void *addr;
  size_t len;
  unsigned types;
  unsigned flags; /* 0 or MEMSEAL_DOWNGRADABLE */
};

/* Seals all the ranges or none of them, with one filter: a thousand ranges cost
 * hardly more than one. Judged in order, as by as many calls of memseal.
 *
 * `flags`: 0 or one of the engines, for all ranges.
 * Errors:  as memseal. */
MEMSEAL_API int memseal_many(const struct memseal_range *ranges, size_t count,
                             unsigned flags);

/* Beside the PROT_ bits of memseal_mprotect. */
#define MEMSEAL_PROT_IMMUTABLE 0x10000000
#define MEMSEAL_PROT_DOWNGRADABLE 0x20000000

/* mprotect(2) and a seal against further mprotect, in one step.
 *
 * MEMSEAL_PROT_IMMUTABLE seals MEMSEAL_MPROTECT, MEMSEAL_PROT_DOWNGRADABLE the
 * same with the flag MEMSEAL_DOWNGRADABLE, both with the filter engine (for the
 * mapping itself call memseal with MEMSEAL_ALL or MEMSEAL_MAPPING). Neither:
 * mprotect(2).
 *
 * Errors:  as memseal and mprotect(2); EINVAL for both flags, PROT_GROWSDOWN
 *          and PROT_GROWSUP; EOPNOTSUPP for DOWNGRADABLE with a protection that
 *          is not R, RW or RX. All protections are then as they were. */
MEMSEAL_API int memseal_mprotect(void *addr, size_t len, int prot);

/* mmap(2) and memseal in one step; if sealing fails nothing stays mapped.
 *
 * Errors:  MAP_FAILED; as mmap(2) and memseal; EINVAL for MAP_FIXED, which
 *          replaces what cannot be brought back (MAP_FIXED_NOREPLACE is fine),
 *          and for MAP_HUGETLB. */
MEMSEAL_API void *memseal_map(void *addr, size_t len, int prot, int map_flags,
                              int fd, int64_t offset, unsigned types,
                              unsigned flags);

/* Levels of the base filter, which closes the vectors around the ranges. It is
 * installed before the first seal of the filter engine. */
#define MEMSEAL_BASE_NONE 0u
/* Refuses what ordinary programs do not do: int 0x80 and x32 memory calls,
 * PROT_GROWSDOWN, SHM_REMAP, process_madvise that empties, READ_IMPLIES_EXEC,
 * address tags, PR_SET_MM. The default. */
#define MEMSEAL_BASE_COMPATIBLE 1u
/* Also io_uring_setup, userfaultfd and ptrace: breaks users of io_uring, and
 * debuggers inside the process's own tree. And every file that is mapped is
 * reckoned to be one of huge pages: libraries aligned to 2 MiB may not load. */
#define MEMSEAL_BASE_CLOSED 2u

/* Installs the base filter now, or raises its level: do it early, a filter
 * binds only what comes after it. A lower level than the present one succeeds
 * and changes nothing.
 *
 * Errors:  EINVAL, EOPNOTSUPP, E2BIG, EBUSY as memseal. */
MEMSEAL_API int memseal_harden(unsigned level);

/* Vectors that stay open here, in `memseal_info.open`. */
#define MEMSEAL_OPEN_IO_URING 0x1u    /* the base level allows io_uring */
#define MEMSEAL_OPEN_USERFAULTFD 0x2u /* the base level allows userfaultfd */
#define MEMSEAL_OPEN_PTRACE 0x4u      /* the base level allows ptrace */
#define MEMSEAL_OPEN_SIBLING 0x8u     /* a process shared this memory before */
#define MEMSEAL_OPEN_NATIVE 0x10u     /* these pages: mseal(2)'s own holes */
#define MEMSEAL_OPEN_OLDER_RING 0x20u /* io_uring older than the filter */
#define MEMSEAL_OPEN_HUGE_FILE 0x40u  /* a hugetlbfs file that comes later */

/* What holds at an address. Later versions append members. */
struct memseal_info {
  size_t size;     /* in: sizeof(struct memseal_info); out: bytes filled in */
  uintptr_t begin; /* the pages around it, of which the same is true ... */
  uintptr_t end;   /* ... up to here, exclusive */
  uint32_t types;  /* 0: not sealed */
  uint32_t flags;  /* MEMSEAL_DOWNGRADABLE or 0 */
  uint32_t engine; /* MEMSEAL_NATIVE, _FILTER, _STRICT; 0: not sealed */
  uint32_t filter_types; /* those of `types` that a filter enforces */
  uint32_t base_level;   /* of the process */
  uint32_t open;         /* MEMSEAL_OPEN_ bits */
};

/* Tells what is sealed at `addr`: by memseal, whichever copy of it in this
 * process, and by mseal(2), whoever called it (read from /proc/self/smaps,
 * which takes a while in a large process). What memseal remembers of the page
 * is confirmed by the kernel (S-78). Where nothing is sealed the extent is the
 * gap between memseal's seals, mapped or not.
 *
 * Errors:  EINVAL: `info` is null or `info->size` smaller than version 0.1's.
 */
MEMSEAL_API int memseal_query(const void *addr, struct memseal_info *info);

/* Seals the program's own loaded objects: of the executable, every library
 * that is loaded now, ld.so, the vdso and vvar all code, constants, relocated
 * data (RELRO: vtables, GOTs with full RELRO) and the inaccessible pages
 * between them. It is what `memseal run` does from outside, for programs that
 * want it in code. Objects with text relocations are left out.
 *
 * `flags`: 0 or one of the engines.
 * Returns: how many objects were left out; -1 on failure, nothing is sealed.
 * Errors:  as memseal_many.
 * Does not stop: writes to lazily bound .got.plt (link with -z now), to data.
 * Afterwards dlclose of a library that was loaded before returns 0 and leaves
 * its sealed pages mapped for ever. Libraries that are loaded later are not
 * sealed: call it again, what is sealed already costs nothing (native). */
MEMSEAL_API int memseal_self(unsigned flags);

/* The same for the one loaded object that holds `inside`: a function, a
 * constant, the vtable of an object (its first word points there).
 *
 * Errors:  also EINVAL: no loaded object holds it; EOPNOTSUPP: it has text
 *          relocations. */
MEMSEAL_API int memseal_object(const void *inside, unsigned flags);

/* Lets a fault on sealed memory explain itself, before the program dies as it
 * would have died: one paragraph on standard error says which arena, secret,
 * variable or object was touched, where it was sealed, and by which code of
 * which thread it was written. Places are file+offset, as addr2line(1) and
 * objdump(1) take them. What was sealed before this call is explained without
 * the place where it was sealed: call it first.
 *
 * A handler of SIGSEGV that is there already is called afterwards, as if this
 * one were not there; without one the default action follows (a core dump at
 * the faulting instruction). A handler that is installed later replaces this.
 *
 * Returns: 0; called again it does nothing. -1 with the errno of mmap(2) or
 *          sigaction(2): faults then stay as they were.
 * Does not stop: anything. It is for people who look for a bug: the memory it
 *          keeps is ordinary memory, so what it says is not proof. */
MEMSEAL_API int memseal_explain_faults(void);

/* What is wrong and what helps, for an errno of these functions; without a full
 * stop. Static storage, any thread; never null. */
MEMSEAL_API const char *memseal_sentence(int error);

/* "0.2.0", of the library that is running. */
MEMSEAL_API const char *memseal_version(void);

#ifdef __cplusplus
}
#endif

#endif
