/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed keys from C99: bytes that are written once, and then nobody writes to,
 * unmaps, replaces or finds in a core dump, in swap or in a child process. C++
 * programs include memseal/secret.h.
 *
 *     struct memseal_secret *key;
 *     if (memseal_secret_create(&key, 32, 0) != 0 ||
 *         getrandom(memseal_secret_edit(key), 32, 0) != 32 ||
 *         memseal_secret_seal(key, 0) != 0)
 *       return 1;
 *     sign(memseal_secret_read(key), message);
 *
 * docs/secrets.md compares it with sodium_malloc, line by line. */
#ifndef MEMSEAL_MEMSEAL_SECRET_H
#define MEMSEAL_MEMSEAL_SECRET_H

#include "memseal/memseal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A secret; its content is the library's business. */
struct memseal_secret;

/* Flag: memory of memfd_secret(2), which the kernel itself has no mapping of,
 * so that ptrace, /proc/PID/mem and most kernel bugs do not reach it. It is
 * shared memory: children share the secret, and one that is forked before the
 * seal can go on writing to it. */
#define MEMSEAL_SECRET_MEMFD 0x1u

/* Makes a secret of `size` zero bytes, that can be written to until it is
 * sealed. It begins at a multiple of 16 and ends before an inaccessible page;
 * another one is before its first page. It is locked into memory and left out
 * of core dumps; a child that is forked finds zeros in its place
 * (MADV_WIPEONFORK).
 *
 * Units:   bytes, at most 1 GiB.
 * Errors:  EINVAL  size, flags.
 *          EAGAIN, ENOMEM, EPERM  no more memory may be locked
 *                  (RLIMIT_MEMLOCK), or there is none.
 *          EOPNOTSUPP  the kernel lacks MADV_WIPEONFORK (Linux 4.14) or, with
 *                  the flag, memfd_secret(2) (Linux 5.14; before 6.5 it has to
 *                  be booted with secretmem.enable=1).
 *          Nothing is made and *secret is not written.
 * Does not stop: reads by this process, which is what it is for; munlock(2),
 *          madvise(2) with MADV_DODUMP or MADV_KEEPONFORK by an attacker who
 *          steers calls; without the flag also ptrace and /proc/PID/mem. vfork
 *          and clone with CLONE_VM share all memory. */
MEMSEAL_API int memseal_secret_create(struct memseal_secret **secret,
                                      size_t size, unsigned flags);

/* Where to write the secret, until it is sealed.
 *
 * Errors:  NULL: EPERM sealed; ESTALE wiped, or the parent's. */
MEMSEAL_API void *memseal_secret_edit(struct memseal_secret *secret);

/* Makes the secret read-only and seals it, with the pages around it
 * (MEMSEAL_ALL), to the end of the process. A sealed secret is sealed again at
 * no cost.
 *
 * `flags`: 0 or one of the engines.
 * Errors:  ESTALE wiped, or the parent's; as mprotect(2) and memseal. It can be
 *          written to as before then. */
MEMSEAL_API int memseal_secret_seal(struct memseal_secret *secret,
                                    unsigned flags);

/* The sealed secret.
 *
 * Errors:  NULL: EAGAIN not sealed yet; ESTALE wiped, or the parent's: a child
 *          has no secret of its parent's, unless it is MEMSEAL_SECRET_MEMFD.
 * Context: any thread; signal handlers too. */
MEMSEAL_API const void *memseal_secret_read(
    const struct memseal_secret *secret);

/* Overwrites a secret that is not sealed and gives its memory back. `secret`
 * stays valid, and the other functions say ESTALE from then on.
 *
 * Errors:  EPERM: it is sealed, and so can neither be overwritten nor unmapped;
 *          it ends with the process. */
MEMSEAL_API int memseal_secret_wipe(struct memseal_secret *secret);

/* The same, and `secret` ends too. NULL is allowed, as for free(3). */
MEMSEAL_API int memseal_secret_free(struct memseal_secret *secret);

#define MEMSEAL_SECRET_OPEN 0u   /* can be written to */
#define MEMSEAL_SECRET_SEALED 1u /* can be read, for ever */
#define MEMSEAL_SECRET_WIPED 2u  /* memseal_secret_wipe was called */
#define MEMSEAL_SECRET_PARENTS                  \
  3u /* the parent's: zeros here, sealed or not \
      */

/* What memseal_secret_query tells. Later versions append members. */
struct memseal_secret_info {
  size_t info_size; /* in: sizeof(struct memseal_secret_info); out: filled in */
  const void *begin; /* the first byte; NULL: wiped */
  size_t size;       /* bytes of the secret */
  uint32_t state;    /* MEMSEAL_SECRET_OPEN, ... */
  uint32_t flags;    /* MEMSEAL_SECRET_MEMFD or 0 */
};

/* Tells what has become of a secret, in this process. memseal_query tells which
 * seals hold on its pages.
 *
 * Errors:  EINVAL: `info` is null or its `info_size` smaller than version
 *          0.2's. */
MEMSEAL_API int memseal_secret_query(const struct memseal_secret *secret,
                                     struct memseal_secret_info *info);

#ifdef __cplusplus
}
#endif

#endif
