/* SPDX-License-Identifier: Apache-2.0
 * Puts a changed copy where the vdso reads the time, and prints what the kernel
 * answers (0 or the errno), the answers to unmapping and moving it (each in a
 * child), and by how many seconds the program's clock is wrong now. */
#include "portable.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { page = 4096, max_pages = 64, lie = 1000000 };
static char copy[max_pages * page];
static sigjmp_buf over;

static char *vvar_begin, *vvar_end;

static void find_vvar(void) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long begin, end;
    if (strstr(line, "[vvar") == NULL ||
        sscanf(line, "%lx-%lx", &begin, &end) != 2)
      continue;
    if (vvar_begin == NULL)
      vvar_begin = (char *)begin;
    vvar_end = (char *)end;
  }
}

static void unreadable(int signal) {
  (void)signal;
  siglongjmp(over, 1);
}

/* Some of the pages belong to clocks that this machine does not have. */
static void copy_pages(void) {
  signal(SIGBUS, unreadable);
  for (char *volatile from = vvar_begin; from < vvar_end; from += page) {
    if (sigsetjmp(over, 1) == 0)
      memcpy(copy + (from - vvar_begin), from, page);
  }
}

/* The clock by a system call, which does not ask the vdso. */
static time_t true_time(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

static void shift_seconds(void) {
  uint64_t now = (uint64_t)true_time();
  for (size_t at = 0; at < sizeof copy; at += sizeof now) {
    uint64_t word;
    memcpy(&word, copy + at, sizeof word);
    if (word - (now - 2) > 4)
      continue;
    word += lie;
    memcpy(copy + at, &word, sizeof word);
  }
}

static long error_of_clock(void) {
  struct timespec told;
  clock_gettime(CLOCK_REALTIME_COARSE, &told);
  long error = (long)(told.tv_sec - true_time());
  return labs(error) < 2 ? 0 : error;
}

static int answer(long result) {
  return result == -1 ? errno : 0;
}

static int unmap(void) {
  return answer(munmap(vvar_begin, (size_t)(vvar_end - vvar_begin)));
}

/* The last of its mappings, wherever that begins. */
static int move(void) {
  void *to = mmap(NULL, max_pages * page, PROT_NONE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (char *from = vvar_end - page; from >= vvar_begin; from -= page) {
    size_t size = (size_t)(vvar_end - from);
    if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) !=
        MAP_FAILED)
      return 0;
  }
  return errno;
}

static int in_child(int (*act)(void)) {
  int status = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    _exit(act());
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

int main(void) {
  find_vvar();
  if (vvar_begin == NULL || vvar_end - vvar_begin > (long)sizeof copy)
    return 2;
  printf("unmap=%d move=%d", in_child(unmap), in_child(move));
  copy_pages();
  shift_seconds();
  size_t size = (size_t)(vvar_end - vvar_begin);
  void *there = mmap(vvar_begin, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  int replaced = there == MAP_FAILED ? errno : 0;
  if (replaced == 0)
    memcpy(vvar_begin, copy, size);
  printf(" replace=%d clock=%ld\n", replaced, error_of_clock());
  return 0;
}
