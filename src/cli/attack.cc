// SPDX-License-Identifier: Apache-2.0
#include "cli/attack.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cstring>

namespace memseal::cli {
namespace {

using tracer::CallOutcome;
using tracer::ForkedCopy;
using Attempted = Result<CallOutcome>;

constexpr unsigned grows_down = 0x01000000;  // PROT_GROWSDOWN
constexpr int dontneed_locked = 24, guard_install = 102;
constexpr std::uint64_t anywhere = static_cast<std::uint64_t>(-1);

Attempted protect(ForkedCopy &copy, const Aim &aim, unsigned bits) {
  return copy.call(SYS_mprotect, {aim.begin, aim.size, bits});
}

Attempted replace(ForkedCopy &copy, const Aim &aim, std::uint64_t size,
                  unsigned flags) {
  return copy.call(SYS_mmap,
                   {aim.begin, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | flags, anywhere, 0});
}

Attempted remap(ForkedCopy &copy, Address from, std::uint64_t old_size,
                std::uint64_t new_size, unsigned flags, Address to = 0) {
  return copy.call(SYS_mremap, {from, old_size, new_size, flags, to});
}

template <int Advice>
Attempted advise(ForkedCopy &copy, const Aim &aim) {
  return copy.call(SYS_madvise, {aim.begin, aim.size, Advice});
}

/// Puts bytes into the copy's own page.
template <typename T>
Result<void> leave(ForkedCopy &copy, const Aim &aim, const T &value) {
  return copy.memory().write({aim.scratch},
                             std::as_bytes(std::span(&value, 1)));
}

Attempted advise_by_descriptor(ForkedCopy &copy, const Aim &aim) {
  auto self = MEMSEAL_TRY(copy.call(SYS_getpid, {}));
  auto fd = MEMSEAL_TRY(
      copy.call(SYS_pidfd_open, {static_cast<std::uint64_t>(self.answer), 0}));
  if (fd.answer < 0)
    return fd;
  MEMSEAL_TRY_VOID(
      leave(copy, aim, iovec{reinterpret_cast<void *>(aim.begin), aim.size}));
  return copy.call(SYS_process_madvise, {static_cast<std::uint64_t>(fd.answer),
                                         aim.scratch, 1, MADV_DONTNEED, 0});
}

Attempted read_implies_exec(ForkedCopy &copy, const Aim &aim) {
  auto asked = MEMSEAL_TRY(copy.call(SYS_personality, {READ_IMPLIES_EXEC}));
  if (asked.answer < 0)
    return asked;
  return protect(copy, aim, PROT_READ);
}

Attempted attach_segment_over(ForkedCopy &copy, const Aim &aim) {
  auto id = MEMSEAL_TRY(
      copy.call(SYS_shmget, {IPC_PRIVATE, aim.page, IPC_CREAT | 0600}));
  if (id.answer < 0)
    return id;
  auto outcome = copy.call(
      SYS_shmat, {static_cast<std::uint64_t>(id.answer), aim.begin, SHM_REMAP});
  // The copy may be spoilt; the segment would outlive it.
  shmctl(static_cast<int>(id.answer), IPC_RMID, nullptr);
  return outcome;
}

Attempted write_own_memory(ForkedCopy &copy, const Aim &aim) {
  constexpr char path[] = "/proc/self/mem";
  MEMSEAL_TRY_VOID(leave(copy, aim, path));
  auto fd = MEMSEAL_TRY(copy.call(
      SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), aim.scratch, O_RDWR}));
  if (fd.answer < 0)
    return fd;
  // What is there, with one bit turned.
  std::byte byte =
      MEMSEAL_TRY(copy.memory().read_value<std::byte>({aim.begin}));
  byte ^= std::byte{1};
  MEMSEAL_TRY_VOID(leave(copy, aim, byte));
  return copy.call(SYS_pwrite64, {static_cast<std::uint64_t>(fd.answer),
                                  aim.scratch, 1, aim.begin});
}

Attempted write_by_vector(ForkedCopy &copy, const Aim &aim) {
  auto self = MEMSEAL_TRY(copy.call(SYS_getpid, {}));
  iovec vectors[2] = {{reinterpret_cast<void *>(aim.scratch + 256), 1},
                      {reinterpret_cast<void *>(aim.begin), 1}};
  MEMSEAL_TRY_VOID(leave(copy, aim, vectors));
  return copy.call(SYS_process_vm_writev,
                   {static_cast<std::uint64_t>(self.answer), aim.scratch, 1,
                    aim.scratch + sizeof(iovec), 1, 0});
}

Attempted take_over_faults(ForkedCopy &copy, const Aim &aim) {
  auto fd = MEMSEAL_TRY(
      copy.call(SYS_userfaultfd, {O_CLOEXEC | UFFD_USER_MODE_ONLY}));
  if (fd.answer < 0)
    return fd;
  auto descriptor = static_cast<std::uint64_t>(fd.answer);
  uffdio_api api{};
  api.api = UFFD_API;
  MEMSEAL_TRY_VOID(leave(copy, aim, api));
  auto agreed =
      MEMSEAL_TRY(copy.call(SYS_ioctl, {descriptor, UFFDIO_API, aim.scratch}));
  if (agreed.answer < 0)
    return agreed;
  uffdio_register whole{};
  whole.range = {aim.begin, aim.size};
  whole.mode = UFFDIO_REGISTER_MODE_MISSING;
  MEMSEAL_TRY_VOID(leave(copy, aim, whole));
  return copy.call(SYS_ioctl, {descriptor, UFFDIO_REGISTER, aim.scratch});
}

constexpr SealTypes none{};
constexpr unsigned rw = PROT_READ | PROT_WRITE;

constexpr Attack table[] = {
    {"protect-write", "mprotect(p, n, READ|WRITE)", "S-30", seal_type::mprotect,
     Effect::seen, [](auto &c, auto &a) { return protect(c, a, rw); }},
    {"protect-all", "mprotect(p, n, READ|WRITE|EXEC)", "S-30",
     seal_type::mprotect, Effect::seen,
     [](auto &c, auto &a) { return protect(c, a, rw | PROT_EXEC); }},
    {"protect-none", "mprotect(p, n, NONE)", "S-30", seal_type::mprotect,
     Effect::seen, [](auto &c, auto &a) { return protect(c, a, PROT_NONE); }},
    {"protect-same", "mprotect(p, n, what it has)", "S-30", seal_type::mprotect,
     Effect::seen,
     [](auto &c, auto &a) { return protect(c, a, a.protection.bits); }},
    {"protect-key", "pkey_mprotect(p, n, READ|WRITE, -1)", "S-30",
     seal_type::mprotect, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_pkey_mprotect, {a.begin, a.size, rw, anywhere});
     }},
    {"protect-grows", "mprotect(p, 1 page, READ|WRITE|GROWSDOWN)", "S-31",
     seal_type::mprotect, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_mprotect, {a.begin, a.page, rw | grows_down});
     }},
    {"read-implies-exec", "personality(...); mprotect(p, n, READ)", "S-40",
     seal_type::mprotect, Effect::seen, read_implies_exec},
    {"unmap", "munmap(p, n)", "S-32", seal_type::munmap, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_munmap, {a.begin, a.size});
     }},
    {"unmap-byte", "munmap(p, 1)", "S-32", seal_type::munmap, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_munmap, {a.begin, 1});
     }},
    {"map-over", "mmap(p, n, FIXED)", "S-33", seal_type::mmap, Effect::seen,
     [](auto &c, auto &a) { return replace(c, a, a.size, MAP_FIXED); }},
    {"map-over-page", "mmap(last page, 1 page, FIXED)", "S-33", seal_type::mmap,
     Effect::seen,
     [](auto &c, auto &a) {
       Aim last = a;
       last.begin = a.begin + a.size - a.page;
       return replace(c, last, a.page, MAP_FIXED);
     }},
    {"map-huge", "mmap(p, 1 page, FIXED|HUGETLB)", "S-33", seal_type::mmap,
     Effect::seen,
     [](auto &c, auto &a) {
       return replace(c, a, a.page, MAP_FIXED | MAP_HUGETLB);
     }},
    {"shm-over", "shmat(id, p, REMAP)", "S-35", seal_type::mmap, Effect::seen,
     attach_segment_over},
    {"file-pages", "remap_file_pages(p, 1 page, 0, 0, 0)", "S-35",
     seal_type::mmap, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_remap_file_pages, {a.begin, a.page, 0, 0, 0});
     }},
    {"remap-away", "mremap(p, 1 page, 1 page, FIXED, q)", "S-34",
     seal_type::mremap, Effect::seen,
     [](auto &c, auto &a) {
       return remap(c, a.begin, a.page, a.page, MREMAP_MAYMOVE | MREMAP_FIXED,
                    a.scratch);
     }},
    {"remap-onto", "mremap(q, 1 page, 1 page, FIXED, p)", "S-34",
     seal_type::mremap, Effect::seen,
     [](auto &c, auto &a) {
       return remap(c, a.scratch, a.page, a.page, MREMAP_MAYMOVE | MREMAP_FIXED,
                    a.begin);
     }},
    {"remap-grow", "mremap(p, n, 2n, MAYMOVE)", "S-34", seal_type::mremap,
     Effect::seen,
     [](auto &c, auto &a) {
       return remap(c, a.begin, a.size, 2 * a.size, MREMAP_MAYMOVE);
     }},
    {"remap-shrink", "mremap(p, n, 1 page, 0)", "S-34", seal_type::mremap,
     Effect::seen,
     [](auto &c, auto &a) { return remap(c, a.begin, a.size, a.page, 0); }},
    {"remap-empty", "mremap(p, 1 page, 1 page, DONTUNMAP)", "S-34",
     seal_type::mremap, Effect::seen,
     [](auto &c, auto &a) {
       return remap(c, a.begin, a.page, a.page,
                    MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
     }},
    {"remap-alias", "mremap(p, 0, 1 page, MAYMOVE)", "S-34", seal_type::mremap,
     Effect::seen,
     [](auto &c, auto &a) {
       return remap(c, a.begin, 0, a.page, MREMAP_MAYMOVE);
     }},
    {"discard", "madvise(p, n, DONTNEED)", "S-36", seal_type::discard,
     Effect::seen, advise<MADV_DONTNEED>},
    {"discard-locked", "madvise(p, n, DONTNEED_LOCKED)", "S-36",
     seal_type::discard, Effect::seen, advise<dontneed_locked>},
    {"free", "madvise(p, n, FREE)", "S-36", seal_type::discard, Effect::seen,
     advise<MADV_FREE>},
    {"remove", "madvise(p, n, REMOVE)", "S-36", seal_type::discard,
     Effect::seen, advise<MADV_REMOVE>},
    {"guard", "madvise(p, n, GUARD_INSTALL)", "S-36", seal_type::discard,
     Effect::seen, advise<guard_install>},
    {"keep-from-child", "madvise(p, n, DONTFORK)", "S-36", seal_type::discard,
     Effect::implied, advise<MADV_DONTFORK>},
    {"wipe-in-child", "madvise(p, n, WIPEONFORK)", "S-36", seal_type::discard,
     Effect::implied, advise<MADV_WIPEONFORK>},
    {"discard-by-pidfd", "process_madvise(self, {p, n}, DONTNEED)", "S-37",
     seal_type::discard, Effect::seen, advise_by_descriptor},
    {"write-by-vector", "process_vm_writev(self, p)", "S-46", none,
     Effect::seen, write_by_vector},
    {"take-over-faults", "ioctl(userfaultfd, REGISTER, {p, n})", "S-43", none,
     Effect::implied, take_over_faults},
    {"write-own-memory", "pwrite(/proc/self/mem, p)", "S-44", none,
     Effect::seen, write_own_memory},
};

constexpr Untried not_tried[] = {
    {"io_uring MADVISE (S-38)",
     "needs a ring in the copy; memseal doctor tells whether one can be made"},
    {"int 0x80 and x32 calls (S-39)",
     "needs an instruction that the program's code need not have"},
    {"prctl(PR_SET_MM) (S-42)", "moves the borders of brk, no mapping"},
    {"ptrace by others (S-45)", "is how the copy is made: it works"},
    {"the file behind a mapping (S-47)", "would change the file for everybody"},
    {"madvise(HWPOISON) (S-36)", "would spoil the machine's memory"},
    {"calls across sealed and unsealed pages (S-62)",
     "would need the neighbour's memory; memseal's own tests try them"},
};

}  // namespace

std::span<const Attack> attacks() {
  return table;
}

std::span<const Untried> untried() {
  return not_tried;
}

bool is_promised(const Attack &attack, const Segment &segment) {
  if (attack.type.empty())
    return false;
  if (segment.filter.has(attack.type))
    return true;
  if (!segment.native)
    return false;
  // mseal(2) forbids emptying on private anonymous read-only memory only
  // (S-63), and no segment of an object is that.
  return !attack.type.has(seal_type::discard);
}

}  // namespace memseal::cli
