/* SPDX-License-Identifier: Apache-2.0 */
/* Seals something, and writes to it: explained_fault [quiet] WHAT [HOW]
 *
 *   WHAT  pages, arena, secret, variable, object; none: memory that is
 *         read-only and not sealed
 *   HOW   direct, library, thread, handler (a former one that returns by
 *         siglongjmp), alternate (one on a stack of its own), raise (a signal
 *         that somebody sent) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <memseal/memseal.h>
#include <memseal/memseal_arena.h>
#include <memseal/memseal_ro_after_init.h>
#include <memseal/memseal_secret.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

MEMSEAL_RO_AFTER_INIT static int variable = 1;
static const char constant[] = "a constant of this program";
static const char *how;

static char *seal(const char *what) {
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (strcmp(what, "pages") == 0) {
    if (memseal(page, 4096, MEMSEAL_ALL, 0) != 0) /* SEALED */
      exit(9);
  } else if (strcmp(what, "arena") == 0) {
    struct memseal_arena *arena;
    if (memseal_arena_create(&arena, 0, 0) != 0)
      exit(9);
    (void)memseal_arena_allocate(arena, 16, 1);
    page = memseal_arena_allocate(arena, 4096, 1);
    if (memseal_arena_seal(arena) != 0) /* SEALED */
      exit(9);
  } else if (strcmp(what, "secret") == 0) {
    struct memseal_secret *secret;
    if (memseal_secret_create(&secret, 32, 0) != 0)
      exit(9);
    if (memseal_secret_seal(secret, 0) != 0) /* SEALED */
      exit(9);
    page = (char *)memseal_secret_read(secret);
  } else if (strcmp(what, "variable") == 0) {
    page = (char *)&variable;
    if (memseal_seal_ro_after_init() != 0) /* SEALED */
      exit(9);
  } else if (strcmp(what, "object") == 0) {
    page = (char *)constant;
    if (memseal_object(constant, 0) != 0) /* SEALED */
      exit(9);
  }
  return page;
}

static void *write_to(void *at) {
  *(volatile char *)at = 'X'; /* WRITTEN */
  return NULL;
}

static void *write_by_name(void *at) {
  pthread_setname_np(pthread_self(), "culprit");
  return write_to(at);
}

static sigjmp_buf after_fault;
static void *expected;
static volatile int on_its_stack;
static char handler_stack[65536];

static void on_fault(int signal, siginfo_t *info, void *context) {
  char *here = (char *)&signal;
  (void)context;
  on_its_stack = here > handler_stack && here < handler_stack + 65536;
  siglongjmp(after_fault, info->si_addr == expected ? 1 : 2);
}

static void take_handler(int flags) {
  struct sigaction action;
  stack_t stack;
  memset(&action, 0, sizeof action);
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, NULL);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(SIGSEGV, &action, NULL);
}

static int by_handler(char *at) {
  int came;
  expected = at;
  came = sigsetjmp(after_fault, 1);
  if (came == 0)
    write_to(at);
  printf("handler %s, stack %s\n", came == 1 ? "called" : "misled",
         on_its_stack ? "its own" : "the thread's");
  return 0;
}

int main(int argc, char **argv) {
  int quiet = argc > 1 && strcmp(argv[1], "quiet") == 0;
  const char *what = argv[1 + quiet];
  char *at;
  how = argc > 2 + quiet ? argv[2 + quiet] : "direct";
  if (strcmp(how, "handler") == 0 || strcmp(how, "alternate") == 0)
    take_handler(how[0] == 'a' ? SA_ONSTACK : 0);
  if (!quiet && (memseal_explain_faults() != 0 || memseal_explain_faults()))
    return 9;
  at = seal(what);
  if (strcmp(how, "direct") == 0) {
    write_to(at);
  } else if (strcmp(how, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, write_by_name, at);
    pthread_join(thread, NULL);
  } else if (strcmp(how, "library") == 0) {
    void *library = dlopen("./libculprit.so", RTLD_NOW);
    ((void (*)(char *))dlsym(library, "scribble"))(at);
  } else if (strcmp(how, "raise") == 0) {
    raise(SIGSEGV);
  } else {
    return by_handler(at);
  }
  return 8;
}
