/* SPDX-License-Identifier: Apache-2.0 */
/* Exploit: a slot is overwritten, of the program or, built with LIBRARY, of a
 * library, and the function behind it called. Says what was called, and what
 * the memory allows through which the call goes: errno, 0 if it was taken away.
 * usage: slots [LIBRARY...] */
#include "portable.h"

#include <elf.h>
#include <link.h>
#include <setjmp.h>

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static ElfW(Addr) tagged(ElfW(Sxword) tag) {
  for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == tag)
      return entry->d_un.d_ptr;
  }
  return 0;
}

static jmp_buf hijacked;

static void payload(void) {
  longjmp(hijacked, 1);
}

/* Where the function's slot lies; null if there is none. */
static void *volatile *slot_of(const char *name) {
  const ElfW(Rela) *slots = (const ElfW(Rela) *)tagged(DT_JMPREL);
  const ElfW(Sym) *symbols = (const ElfW(Sym) *)tagged(DT_SYMTAB);
  const char *names = (const char *)tagged(DT_STRTAB);
  size_t count = tagged(DT_PLTRELSZ) / sizeof *slots;
  uintptr_t bias =
      __ehdr_start.e_type == ET_EXEC ? 0 : (uintptr_t)&__ehdr_start;
  for (size_t i = 0; i < count; ++i) {
    const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(slots[i].r_info)];
    if (strcmp(names + symbol->st_name, name) == 0)
      return (void *volatile *)(bias + slots[i].r_offset);
  }
  return NULL;
}

static void attack(const char *who) {
  void *volatile *slot = slot_of("strfry");
  if (slot == NULL) {
    printf("%s has no slot\n", who);
    return;
  }
  char text[] = "any";
  void *before = *slot;
  *slot = (void *)payload;
  if (setjmp(hijacked) != 0)
    printf("%s hijacked\n", who);
  else
    printf("%s %s\n", who, strfry(text) == text ? "held" : "broken");
  *slot = before;
}

#ifdef LIBRARY

void not_there(void);
__attribute__((visibility("default"))) void call_it(const char *who, int all);
void call_it(const char *who, int all) {
  attack(who);
  if (all)
    not_there();
}

#else

/* Whether the memory that the first stub jumps through can be written to. The
 * stub is found by its bytes: jmp *slot(%rip), each 16th byte at most. */
static void open_what_is_called_through(void) {
  extern const char etext __attribute__((visibility("hidden")));
  const char *code = (const char *)&__ehdr_start;
  const char *at = code + sysconf(_SC_PAGESIZE);
  while (at < &etext && (at[0] != '\xff' || at[1] != '\x25'))
    at += 16;
  if (at >= &etext) {
    printf("no stub\n");
    return;
  }
  int32_t distance;
  memcpy(&distance, at + 2, sizeof distance);
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *slots = (char *)((uintptr_t)(at + 6 + distance) & ~(page - 1));
  int result = mprotect(slots, page, PROT_READ | PROT_WRITE);
  printf("mprotect=%d\n", result == 0 ? 0 : errno);
}

int main(int argc, char **argv) {
  attack("program");
  open_what_is_called_through();
  for (int i = 1; i < argc; ++i) {
    void *library = dlopen(argv[i], RTLD_LAZY);
    if (library == NULL) {
      printf("%s\n", dlerror());
      return 1;
    }
    void (*call)(const char *, int) =
        (void (*)(const char *, int))dlsym(library, "call_it");
    call("library", 0);
  }
  /* Who looks for it finds what the user has set, and nothing else. */
  printf("LD_BIND_NOW %s\n", getenv("LD_BIND_NOW") == NULL ? "unset" : "set");
  return 0;
}

#endif
