/* SPDX-License-Identifier: Apache-2.0 */
/* Globals that are written during start-up and never again, from C99. C++
 * programs include memseal/ro_after_init.h.
 *
 *     MEMSEAL_RO_AFTER_INIT static int worker_count = 1;
 *
 *     int main(int argc, char **argv) {
 *       worker_count = parse(argc, argv);
 *       if (memseal_seal_ro_after_init() != 0) {
 *         fprintf(stderr, "not sealed: %s\n", memseal_sentence(errno));
 *         return 1;
 *       }
 *       serve();
 *     }
 *
 * The macro puts a variable into a section of its own. A seal covers whole
 * pages, so the section must share no page with anything else: every
 * translation unit that includes this header pads its part of the section, at
 * both ends, to the largest page size of the architecture.
 *
 * Each executable and library has its own section and seals it itself. */
#ifndef MEMSEAL_MEMSEAL_RO_AFTER_INIT_H
#define MEMSEAL_MEMSEAL_RO_AFTER_INIT_H

#include "memseal/memseal.h"

#if defined(__aarch64__)
#define MEMSEAL_MAX_PAGE 65536
#else
#define MEMSEAL_MAX_PAGE 4096
#endif
#define MEMSEAL_TEXT_OF_(number) #number
#define MEMSEAL_TEXT_OF(number) MEMSEAL_TEXT_OF_(number)

/* Places a variable with static storage among those that
 * memseal_seal_ro_after_init seals. Not for thread-local variables, and not for
 * what C++ lets several units define: inline variables, and whatever belongs to
 * a template, are memseal::ro_after_init_page. */
#define MEMSEAL_RO_AFTER_INIT __attribute__((section("memseal_ro_after_init")))

/* The assembler appends subsection 8192 after everything else of this unit's
 * section, so the alignment there is padding at its end. */
__asm__(
    ".pushsection memseal_ro_after_init,\"aw\",@progbits\n"
    ".subsection 8192\n"
    ".balign " MEMSEAL_TEXT_OF(MEMSEAL_MAX_PAGE)
    "\n"
    ".popsection\n");

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((visibility("hidden"),
               weak)) extern char __start_memseal_ro_after_init[];
__attribute__((visibility("hidden"),
               weak)) extern char __stop_memseal_ro_after_init[];

/* What the two functions below call: makes ranges of variables read-only and
 * seals them with MEMSEAL_ALL, all or none. Empty ranges, and what is read-only
 * and sealed already, are passed over; types and flags of a range do not count.
 *
 * `flags`: 0 or one of the engines.
 * Errors:  ENODATA: there is no range that is not empty. EADDRINUSE: one is not
 *          whole pages. Else as mprotect(2) and memseal_many. All protections
 *          are then as they were. */
MEMSEAL_API int memseal_seal_variables(const struct memseal_range *ranges,
                                       size_t count, unsigned flags);

/* 1 if nothing writes to [addr, addr + size) any more: it is mapped, no page of
 * it is writable, and all hold MEMSEAL_ALL. Else 0; 0 also for a size of 0.
 * Asks the kernel (memseal_query). Context: anywhere; 32 KiB of stack. */
MEMSEAL_API int memseal_is_sealed(const void *addr, size_t size);

/* Makes this module's MEMSEAL_RO_AFTER_INIT variables read-only, for ever. Once
 * they are, it succeeds again and does nothing.
 *
 * Errors:  ENODATA: this module has no such variable: it is called in another
 *          module than the one that declares them, or the compiler put them
 *          elsewhere. EADDRINUSE: the section shares a page with other data.
 *          Else the errno of mprotect(2) or memseal. Nothing is sealed and
 *          everything stays writable; memseal_sentence tells what helps.
 * Does not stop: what lies behind a pointer in such a variable, unless that is
 *          sealed too: see memseal/memseal_arena.h.
 *
 * Hidden, as is its sister below: the dynamic linker would otherwise take one
 * module's copy for all, and a library would seal the executable's variables.
 */
__attribute__((unused, always_inline)) static inline int
memseal_seal_ro_after_init(void) {
  struct memseal_range section;
  section.addr = __start_memseal_ro_after_init;
  section.len =
      (size_t)(__stop_memseal_ro_after_init - __start_memseal_ro_after_init);
  section.types = MEMSEAL_ALL;
  section.flags = 0;
  return memseal_seal_variables(&section, 1, 0);
}

/* Whether this variable is sealed now; wherever it is, the answer is true. */
#define memseal_ro_after_init_is_sealed(variable) \
  memseal_is_sealed(&(variable), sizeof(variable))

#ifdef __cplusplus
}
#endif

#endif
