/* SPDX-License-Identifier: Apache-2.0
 * Tries every vector of docs/semantics.md, section 4, on libm's text, constants
 * and RELRO, which nobody here uses: each in a child of its own. Prints
 * "SEGMENT BEGIN END", then a line for each vector:
 * "SEGMENT ID refused|open|idle|errno N|died N".
 * Shares nothing with memseal: what `memseal probe` says is compared with it.
 * Lives on until its input ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/io_uring.h>
#include <linux/mman.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096, most_compared = 256 << 10 };
typedef unsigned long word;

struct segment {
  const char *name;
  word begin, end;
  int protection;
};

static char *own;    /* two pages that may be written to, in the lowest 2 GiB */
static char *before; /* what the segment held */
static char *after;

static long number(long answer) {
  return answer == -1 ? -errno : answer;
}
#define CALL(...) number(syscall(__VA_ARGS__))

enum { rw = PROT_READ | PROT_WRITE };
enum { grows_down = 0x01000000, grows_up = 0x02000000 };
#define HUGE_SIZE (2ul << 20)

static long map(word at, word size, int flags, int fd, long offset) {
  return CALL(SYS_mmap, at, size, rw,
              MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0) | flags, fd, offset);
}

static long advise(const struct segment *s, int advice) {
  return CALL(SYS_madvise, s->begin, s->end - s->begin, advice);
}

static long by_pidfd(const struct segment *s) {
  struct iovec all = {(void *)s->begin, s->end - s->begin};
  long fd = CALL(SYS_pidfd_open, getpid(), 0);
  return fd < 0 ? fd : CALL(SYS_process_madvise, fd, &all, 1, MADV_DONTNEED, 0);
}

static long shm_over(const struct segment *s) {
  long id = CALL(SYS_shmget, IPC_PRIVATE, page, IPC_CREAT | 0600);
  long answer = CALL(SYS_shmat, id, s->begin, SHM_REMAP);
  shmctl((int)id, IPC_RMID, NULL);
  return answer;
}

static long huge_file(const struct segment *s, long offset) {
  long fd = CALL(SYS_memfd_create, "x", 4u | 21u << 26);
  return fd < 0 ? fd
                : map(s->begin & ~(HUGE_SIZE - 1), page,
                      MAP_FIXED | MAP_NORESERVE, (int)fd, offset);
}

static long huge_move(const struct segment *s) {
  long from = map(0, HUGE_SIZE, MAP_NORESERVE | MAP_HUGETLB | 21 << 26, -1, 0);
  return from < 0
             ? from
             : CALL(SYS_mremap, from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
                    s->begin & ~(HUGE_SIZE - 1));
}

static long move_break(const struct segment *s) {
  struct prctl_mm_map layout;
  memset(&layout, 0, sizeof layout);
  layout.start_code = 0x10000;
  layout.end_code = layout.start_data = layout.end_data = 0x11000;
  layout.start_brk = s->begin;
  layout.brk = s->end;
  layout.start_stack = layout.arg_start = layout.arg_end = layout.env_start =
      layout.env_end = (word)own;
  layout.exe_fd = ~0u;
  long answer =
      CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &layout, sizeof layout, 0);
  if (answer < 0)
    return answer;
  return syscall(SYS_brk, s->begin) == (long)s->begin ? 0 : -EPERM;
}

static long by_int80(long nr, word a, word b, word c, word d) {
#ifdef __x86_64__
  long answer;
  if (a + b > 1ul << 32)
    return -ERANGE;
  register word r5 __asm__("rsi") = d;
  register word r6 __asm__("rdi") = ~0u;
  __asm__ volatile("xor %%ebp, %%ebp; int $0x80"
                   : "=a"(answer)
                   : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(r5), "D"(r6)
                   : "memory", "rbp", "r8", "r9", "r10", "r11");
  return (int)answer;
#else
  return nr * 0 + (long)(a * 0 + b * 0 + c * 0 + d * 0) - ENOSYS;
#endif
}

/* A ring in memory of our own: what is asked for one after the other. */
static long ring_fd;
static char *ring_entry, *ring_pages;
static struct {
  uint32_t entries[2], flags, unused[7], sq[8];
  uint64_t sq_address;
  uint32_t cq[8];
  uint64_t cq_address;
} ring_words;

static long make_ring(void) {
  ring_pages = own;
  ring_entry = own + page;
  memset(own, 0, 2 * page);
  memset(&ring_words, 0, sizeof ring_words);
  ring_words.flags = 1u << 14;
  ring_words.sq_address = (word)ring_entry;
  ring_words.cq_address = (word)ring_pages;
  return ring_fd = CALL(SYS_io_uring_setup, 1, &ring_words);
}

static long in_ring(const struct segment *s, int advice, unsigned count) {
  struct io_uring_sqe wish;
  memset(&wish, 0, sizeof wish);
  wish.opcode = IORING_OP_MADVISE;
  wish.addr = s->begin;
  wish.len = (uint32_t)(s->end - s->begin);
  wish.fadvise_advice = (uint32_t)advice;
  memcpy(ring_entry, &wish, sizeof wish);
  *(uint32_t *)(ring_pages + ring_words.sq[1]) = count;
  long entered =
      CALL(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
  if (entered < 0)
    return entered;
  unsigned place = (count - 1) % ring_words.entries[1];
  long answer = *(int32_t *)(ring_pages + ring_words.cq[5] + 16ul * place + 8);
  *(uint32_t *)(ring_pages + ring_words.cq[0]) = count;
  return answer;
}

static long ring(const struct segment *s, int advice) {
  long made = make_ring();
  return made < 0 ? made : in_ring(s, advice, 1);
}

static long unmark(const struct segment *s) {
  long made = make_ring();
  if (made < 0)
    return made;
  in_ring(s, MADV_DODUMP, 1);
  in_ring(s, MADV_NORMAL, 2);
  return CALL(SYS_mprotect, s->begin, s->end - s->begin, rw);
}

static long pin(const struct segment *s) {
  struct iovec first = {(void *)s->begin, page};
  long made = make_ring();
  return made < 0 ? made
                  : CALL(SYS_io_uring_register, made, IORING_REGISTER_BUFFERS,
                         &first, 1);
}

static long write_by_vector(const struct segment *s) {
  struct iovec from = {own, 1}, to = {(void *)s->begin, 1};
  return CALL(SYS_process_vm_writev, getpid(), &from, 1, &to, 1, 0);
}

static long take_over_faults(const struct segment *s) {
  uint64_t api[3] = {0xaa, 0, 0};
  uint64_t whole[4] = {s->begin, s->end - s->begin, 1, 0};
  long fd = CALL(SYS_userfaultfd, O_CLOEXEC | 1);
  if (fd < 0)
    return fd;
  long agreed = CALL(SYS_ioctl, fd, 0xc018aa3f, api);
  return agreed < 0 ? agreed : CALL(SYS_ioctl, fd, 0xc020aa00, whole);
}

static long write_own_memory(const struct segment *s) {
  int fd = open("/proc/self/mem", O_RDWR);
  own[0] = (char)(*(char *)s->begin ^ 1);
  return number(pwrite(fd, own, 1, (off_t)s->begin));
}

/* Answers of `act`: the kernel's, a negative errno among them. */
static long act(const char *id, const struct segment *s) {
  const word p = s->begin, n = s->end - s->begin;
#define IS(text)             \
  if (strcmp(id, text) == 0) \
  return
  IS("protect-write") CALL(SYS_mprotect, p, n, rw);
  IS("protect-all") CALL(SYS_mprotect, p, n, rw | PROT_EXEC);
  IS("protect-none") CALL(SYS_mprotect, p, n, PROT_NONE);
  IS("protect-same") CALL(SYS_mprotect, p, n, s->protection);
  IS("protect-key") CALL(SYS_pkey_mprotect, p, n, rw, -1);
  IS("protect-grows") CALL(SYS_mprotect, p, page, rw | grows_down);
  IS("read-implies-exec")
  (number(syscall(SYS_personality, 0x0400000)) < 0
       ? -errno
       : CALL(SYS_mprotect, p, n, PROT_READ));
  IS("unmap") CALL(SYS_munmap, p, n);
  IS("unmap-byte") CALL(SYS_munmap, p, 1);
  IS("map-over") map(p, n, MAP_FIXED, -1, 0);
  IS("map-over-page") map(p + n - page, page, MAP_FIXED, -1, 0);
  IS("map-huge") map(p, page, MAP_FIXED | MAP_HUGETLB, -1, 0);
  IS("map-huge-below")
  map(p & ~(HUGE_SIZE - 1), page,
      MAP_FIXED | MAP_NORESERVE | MAP_HUGETLB | 21 << 26, -1, 0);
  IS("map-huge-file") huge_file(s, 0);
  IS("map-huge-file-wrongly") huge_file(s, page);
  IS("map-no-replace") map(p, page, MAP_FIXED_NOREPLACE, -1, 0);
  IS("map-both-flags") map(p, page, MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0);
  IS("map-hint") map(p, page, 0, -1, 0);
  IS("shm-away") CALL(SYS_shmdt, p);
  IS("shm-over") shm_over(s);
  IS("file-pages") CALL(SYS_remap_file_pages, p, page, 0, 0, 0);
  IS("remap-away")
  CALL(SYS_mremap, p, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, own);
  IS("remap-onto")
  CALL(SYS_mremap, own, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, p);
  IS("remap-grow") CALL(SYS_mremap, p, n, 2 * n, MREMAP_MAYMOVE, 0);
  IS("remap-shrink") CALL(SYS_mremap, p, n, page, 0, 0);
  IS("remap-empty")
  CALL(SYS_mremap, p, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  IS("remap-alias") CALL(SYS_mremap, p, 0, page, MREMAP_MAYMOVE, 0);
  IS("remap-huge-onto") huge_move(s);
  IS("discard") advise(s, MADV_DONTNEED);
  IS("discard-locked") advise(s, 24);
  IS("free") advise(s, MADV_FREE);
  IS("remove") advise(s, MADV_REMOVE);
  IS("guard") advise(s, 102);
  IS("unguard") advise(s, 103);
  IS("poison") CALL(SYS_madvise, p + 1, page, 100);
  IS("free-page-out")(advise(s, MADV_FREE) < 0 ? -errno : advise(s, 21));
  IS("page-out") advise(s, 21);
  IS("cold") advise(s, 20);
  IS("keep-from-child") advise(s, MADV_DONTFORK);
  IS("wipe-in-child") advise(s, MADV_WIPEONFORK);
  IS("discard-by-pidfd") by_pidfd(s);
  IS("protect-across")
  (map(p - page, page, MAP_FIXED_NOREPLACE, -1, 0),
   CALL(SYS_mprotect, p - page, n + page, PROT_NONE));
  IS("unmap-across")
  (map(p - page, page, MAP_FIXED_NOREPLACE, -1, 0),
   CALL(SYS_munmap, p - page, n + page));
  IS("move-break") move_break(s);
  IS("compat-protect") by_int80(125, p, n, rw, 0);
  IS("compat-unmap") by_int80(91, p, n, 0, 0);
  IS("compat-map-over")
  by_int80(192, p, n, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
  IS("compat-old-map-over") by_int80(90, p, n, 0, 0);
#ifdef __x86_64__
  IS("x32-protect") CALL(0x40000000 | SYS_mprotect, p, n, rw);
  IS("protect-tagged")
  (syscall(SYS_arch_prctl, 0x4002, 6),
   CALL(SYS_mprotect, p | 1ul << 57, n, rw));
#endif
  IS("discard-by-ring") ring(s, MADV_DONTNEED);
  IS("discard-locked-by-ring") ring(s, 24);
  IS("free-by-ring") ring(s, MADV_FREE);
  IS("remove-by-ring") ring(s, MADV_REMOVE);
  IS("guard-by-ring") ring(s, 102);
  IS("keep-from-child-by-ring") ring(s, MADV_DONTFORK);
  IS("wipe-in-child-by-ring") ring(s, MADV_WIPEONFORK);
  IS("unmark-by-ring") unmark(s);
  IS("pin-by-ring") pin(s);
  IS("lock") CALL(SYS_mlock, p, n);
  IS("write-by-vector") write_by_vector(s);
  IS("take-over-faults") take_over_faults(s);
  IS("write-own-memory") write_own_memory(s);
  return -ENOTSUP;
}

/* What shows neither in the mappings nor in the bytes: allowed is enough. */
static int is_invisible(const char *id) {
  return strncmp(id, "keep-from", 9) == 0 || strncmp(id, "wipe-in", 7) == 0 ||
         strcmp(id, "pin-by-ring") == 0 || strcmp(id, "take-over-faults") == 0;
}

/* The mappings of `pid` from `begin` to `end`, and what is there. */
static size_t look(pid_t pid, const struct segment *s, char *into) {
  char path[64], line[512];
  size_t used = 0, size = s->end - s->begin;
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    word from, to;
    char allows[8], offset[32], device[16], inode[32];
    /* Not its name, which changes with where the heap is said to be. */
    if (sscanf(line, "%lx-%lx %7s %31s %15s %31s", &from, &to, allows, offset,
               device, inode) != 6 ||
        to <= s->begin || from >= s->end || used > page * 4)
      continue;
    used += (size_t)sprintf(into + used, "%lx-%lx %s %s\n",
                            from < s->begin ? s->begin : from,
                            to > s->end ? s->end : to, allows, inode);
  }
  if (maps != NULL)
    fclose(maps);
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (size > most_compared)
    size = most_compared;
  ssize_t got = pread(fd, into + used, size, (off_t)s->begin);
  close(fd);
  return used + (got > 0 ? (size_t)got : 0);
}

static void try(const char *id, const struct segment *s) {
  int done[2], go[2], status = 0;
  long answer = -ESRCH;
  if (pipe(done) != 0 || pipe(go) != 0)
    exit(2);
  memset(before, 0, 2 * most_compared);
  memset(after, 0, 2 * most_compared);
  pid_t child = fork();
  if (child == 0) {
    char word_to_go;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    syscall(SYS_write, done[1], &answer, sizeof answer);
    syscall(SYS_read, go[0], &word_to_go, 1);
    answer = act(id, s);
    syscall(SYS_write, done[1], &answer, sizeof answer);
    syscall(SYS_read, go[0], &word_to_go, 1);
    syscall(SYS_exit_group, 0);
  }
  close(done[1]);
  close(go[0]);
  size_t was = 0, is = 0;
  ssize_t told = read(done[0], &answer, sizeof answer);
  was = look(child, s, before);
  if (told > 0 && write(go[1], "x", 1) == 1)
    told = read(done[0], &answer, sizeof answer);
  if (told > 0)
    is = look(child, s, after);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  close(done[0]);
  close(go[1]);
  int changed = was != is || memcmp(before, after, was) != 0;
  if (told <= 0)
    printf("%s %s died %d\n", s->name, id, WTERMSIG(status));
  else if (changed || (answer >= 0 && is_invisible(id)))
    printf("%s %s open\n", s->name, id);
  else if (answer >= 0)
    printf("%s %s idle\n", s->name, id);
  else if (answer == -EPERM)
    printf("%s %s refused\n", s->name, id);
  else
    printf("%s %s errno %ld\n", s->name, id, -answer);
}

static struct segment found[3] = {{"text", 0, 0, PROT_READ | PROT_EXEC},
                                  {"rodata", 0, 0, PROT_READ},
                                  {"relro", 0, 0, PROT_READ}};

static int look_for_libm(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size, (void)data;
  if (strstr(object->dlpi_name, "/libm.so") == NULL)
    return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *h = &object->dlpi_phdr[i];
    struct segment *s = h->p_type == PT_GNU_RELRO                   ? &found[2]
                        : h->p_type != PT_LOAD || h->p_flags & PF_W ? NULL
                        : h->p_flags & PF_X                         ? &found[0]
                                                                    : &found[1];
    if (s == NULL)
      continue;
    s->begin = (object->dlpi_addr + h->p_vaddr) & ~(page - 1ul);
    s->end = object->dlpi_addr + h->p_vaddr + h->p_memsz;
    /* RELRO ends with a whole page, the others with what begins one. */
    s->end =
        (s->end + (h->p_type == PT_GNU_RELRO ? 0 : page - 1)) & ~(page - 1ul);
  }
  return 1;
}

int main(int argc, char **argv) {
  volatile double used = argc;
  used = cos(used);
  own = mmap(NULL, 2 * page, rw,
             MAP_PRIVATE | MAP_ANONYMOUS
#ifdef MAP_32BIT
                 | MAP_32BIT
#endif
             ,
             -1, 0);
  before = malloc(2 * most_compared);
  after = malloc(2 * most_compared);
  dl_iterate_phdr(look_for_libm, NULL);
  memset(own, 'x', 2 * page);
  for (int s = 0; s < 3; s++) {
    printf("%s %lx %lx\n", found[s].name, found[s].begin, found[s].end);
    for (int i = 1; i < argc; i++) {
      fflush(stdout);
      try(argv[i], &found[s]);
    }
  }
  puts("ready");
  fflush(stdout);
  char end;
  return read(0, &end, 1) < 0;
}
