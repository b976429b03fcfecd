/* SPDX-License-Identifier: Apache-2.0 */
/* Opens libraries in the ways that programs do. The first argument says how. */
#include "portable.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

struct outcome {
  int text, relro, libc, constructed;
};

static long mappings(void) {
  FILE *file = fopen("/proc/self/maps", "r");
  long lines = 0;
  for (int c; (c = getc(file)) != EOF;)
    lines += c == '\n';
  fclose(file);
  return lines;
}

static void say(const char *label, void *handle, const char *symbol) {
  struct outcome *w = handle != NULL ? dlsym(handle, symbol) : NULL;
  if (w == NULL) {
    const char *error = dlerror();
    printf("%s: %s\n", label, error != NULL ? error : "no symbol");
    return;
  }
  printf("%s text=%d relro=%d libc=%d constructed=%d\n", label, w->text,
         w->relro, w->libc, w->constructed);
}

static int open_all(char **libraries) {
  for (; *libraries != NULL; ++libraries)
    say("constructor", dlopen(*libraries, RTLD_NOW), "witness");
  return 0;
}

/* plain has no constructor: is it sealed by now? */
static int open_plain(char **libraries) {
  void *handle = dlopen(libraries[0], RTLD_NOW);
  void *second = libraries[1] != NULL ? dlopen(libraries[1], RTLD_NOW) : NULL;
  void *cell = dlsym(handle, "plain_pointer");
  printf("plain relro=%d second=%d\n", try_to_change(cell, PROT_READ),
         second != NULL);
  return 0;
}

static int cycle(char **libraries) {
  long before = 0;
  int constructed = 0, closed = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 1)
      before = mappings();
    void *handle = dlopen(libraries[0], RTLD_NOW);
    struct outcome *w = dlsym(handle, "witness");
    if (w->text != EPERM && getenv("EXPECT_SEALED") != NULL)
      return 3;
    constructed += w->constructed;
    closed += dlclose(handle) == 0;
  }
  printf("closed=%d constructed=%d grown=%ld\n", closed, constructed,
         mappings() - before);
  return 0;
}

/* More often than memseal has room for libraries on their way; then one that
 * does not fail. */
static int failing(char **libraries) {
  long before = 0;
  int failed = 0;
  for (int i = 0; i < 600; ++i) {
    if (i == 1)
      before = mappings();
    failed += dlopen(libraries[0], RTLD_NOW) == NULL;
  }
  printf("failed=%d grown=%ld\n", failed, mappings() - before);
  return open_all(libraries + 1);
}

static char **thread_libraries;
static void *open_and_close(void *count) {
  for (long i = 0; i < 200; ++i) {
    void *handle = dlopen(thread_libraries[(i + (long)count) % 3], RTLD_NOW);
    if (handle == NULL)
      return "open";
    if (dlclose(handle) != 0)
      return "close";
  }
  return NULL;
}

static int threads(char **libraries) {
  pthread_t ids[6];
  int bad = 0;
  thread_libraries = libraries;
  for (long i = 0; i < 6; ++i)
    bad += pthread_create(&ids[i], NULL, open_and_close, (void *)i) != 0;
  for (int i = 0; i < 6; ++i) {
    void *result;
    bad += pthread_join(ids[i], &result) != 0 || result != NULL;
  }
  printf("bad=%d\n", bad);
  return 0;
}

static void *open_one(void *library) {
  return dlopen(library, RTLD_NOW) != NULL ? NULL : "open";
}

/* Opens each on a thread with the smallest stack there may be. */
static int on_small_stacks(char **libraries) {
  pthread_attr_t small;
  int bad = pthread_attr_init(&small);
  bad += pthread_attr_setstacksize(&small, 16384);
  for (; *libraries != NULL; ++libraries) {
    pthread_t id;
    void *result = "create";
    bad += pthread_create(&id, &small, open_one, *libraries) != 0 ||
           pthread_join(id, &result) != 0 || result != NULL;
  }
  printf("bad=%d\n", bad);
  return 0;
}

/* How many bytes of its stack a thread needs to open one. */
static int needed_stack(char **libraries) {
  enum { size = 1 << 18, paint = 0xa5 };
  unsigned char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(stack, paint, size);
  pthread_attr_t ours;
  pthread_t id;
  int untouched = 0;
  if (pthread_attr_init(&ours) != 0 ||
      pthread_attr_setstack(&ours, stack, size) != 0 ||
      pthread_create(&id, &ours, open_one, libraries[0]) != 0 ||
      pthread_join(id, NULL) != 0)
    return 2;
  while (stack[untouched] == paint)
    ++untouched;
  printf("%d\n", size - untouched);
  return 0;
}

static int new_namespace(char **libraries) {
  say("constructor", dlmopen(LM_ID_NEWLM, libraries[0], RTLD_NOW), "witness");
  return 0;
}

/* A program's own sandbox, in which one call is deadly. */
static int sandboxed_against(unsigned number, char **libraries) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {4, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    return 2;
  if (strcmp(libraries[0], "exec") == 0) {
    execv(libraries[1], libraries + 1);
    return 2;
  }
  return open_all(libraries);
}

/* One that is older than mseal(2), number 462. */
static int sandboxed(char **libraries) {
  return sandboxed_against(462, libraries);
}

static int without_mremap(char **libraries) {
  return sandboxed_against(SYS_mremap, libraries);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int (*act)(char **);
  } acts[] = {{"open", open_all},         {"plain", open_plain},
              {"cycle", cycle},           {"fail", failing},
              {"threads", threads},       {"dlmopen", new_namespace},
              {"sandbox", sandboxed},     {"no-mremap", without_mremap},
              {"small", on_small_stacks}, {"depth", needed_stack}};
  for (unsigned i = 0; argc > 2 && i < sizeof acts / sizeof *acts; ++i) {
    if (strcmp(argv[1], acts[i].name) == 0)
      return acts[i].act(argv + 2);
  }
  return 99;
}
