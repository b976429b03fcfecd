/* SPDX-License-Identifier: Apache-2.0
 * Opens the libraries that it is given, closes them and opens them again, while
 * threads map and unmap. Then, for each line it reads, says what becomes of
 * memory of its own and of its C library's code. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { size = 64 * 1024, page = 4096 };
static volatile int loading = 1;

static int map_and_unmap(void) {
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return errno;
  memset(memory, 1, size);
  if (mprotect(memory, size, PROT_READ) != 0 ||
      madvise(memory, size, MADV_DONTNEED) != 0 || munmap(memory, size) != 0)
    return errno;
  return 0;
}

static void *work(void *result) {
  int error = 0;
  while (loading && error == 0)
    error = map_and_unmap();
  *(int *)result = error;
  return NULL;
}

int main(int count, char **names) {
  pthread_t threads[3];
  int errors[3] = {0};
  for (int i = 0; i < 3; ++i)
    pthread_create(&threads[i], NULL, work, &errors[i]);
  for (int round = 0; round < 5; ++round) {
    if (dlopen("/nonexistent.so", RTLD_NOW) != NULL)
      return 1;
    for (int i = 1; i < count; ++i) {
      void *library = dlopen(names[i], RTLD_NOW);
      if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
      }
      dlclose(library);
    }
  }
  loading = 0;
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], NULL);
    if (errors[i] != 0)
      return 3;
  }
  char line[64];
  puts("loaded");
  fflush(stdout);
  while (fgets(line, sizeof(line), stdin) != NULL) {
    int own = 0;
    for (int i = 0; i < 1000 && own == 0; ++i)
      own = map_and_unmap();
    uintptr_t code = (uintptr_t)&fgets & ~(uintptr_t)(page - 1);
    int sealed =
        mprotect((void *)code, page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0
            ? 0
            : errno;
    printf("own %d code %d\n", own, sealed);
    fflush(stdout);
  }
  return 0;
}
