// SPDX-License-Identifier: Apache-2.0
#include "cli/attack.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
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

/// A page of our own before the segment, where there is room; else what is
/// there will do: it is a copy.
Result<Aim> with_page_before(ForkedCopy &copy, const Aim &aim) {
  Aim wider = aim;
  wider.begin -= aim.page;
  wider.size += aim.page;
  MEMSEAL_TRY(copy.call(
      SYS_mmap,
      {wider.begin, aim.page, PROT_READ | PROT_WRITE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, anywhere, 0}));
  return wider;
}

Attempted protect_across(ForkedCopy &copy, const Aim &aim) {
  return protect(copy, MEMSEAL_TRY(with_page_before(copy, aim)), PROT_NONE);
}

Attempted unmap_across(ForkedCopy &copy, const Aim &aim) {
  Aim wider = MEMSEAL_TRY(with_page_before(copy, aim));
  return copy.call(SYS_munmap, {wider.begin, wider.size});
}

/// Says that the heap lies over the segment, and gives it back. brk answers
/// with an address, never with an error.
Attempted move_break(ForkedCopy &copy, const Aim &aim) {
  constexpr std::uint64_t low = 0x10000, size = 0x1000;
  prctl_mm_map map{};
  map.start_code = low;
  map.end_code = map.start_data = map.end_data = low + size;
  map.start_brk = aim.begin;
  map.brk = aim.begin + aim.size;
  map.start_stack = map.arg_start = map.arg_end = aim.scratch;
  map.env_start = map.env_end = aim.scratch;
  map.exe_fd = ~0u;
  MEMSEAL_TRY_VOID(leave(copy, aim, map));
  auto moved = MEMSEAL_TRY(copy.call(
      SYS_prctl, {PR_SET_MM, PR_SET_MM_MAP, aim.scratch, sizeof map, 0, 0}));
  if (!moved.lived() || moved.answer < 0)
    return moved;
  auto lowered = MEMSEAL_TRY(copy.call(SYS_brk, {aim.begin}));
  bool worked = static_cast<Address>(lowered.answer) == aim.begin;
  lowered.answer = worked ? 0 : -EPERM;
  return lowered;
}

// struct io_uring_params with the addresses of Linux 6.5, whatever the headers.
// Source: Linux 6.18, include/uapi/linux/io_uring.h.
struct RingParameters {
  std::uint32_t entries[2], flags, unused[7];
  struct Offsets {
    std::uint32_t head, tail, mask, entries, a, b, c, unused;
    std::uint64_t address;
  } submission, completion;
};
static_assert(sizeof(RingParameters) == 120);
/// struct io_uring_cqe.
struct RingCompletion {
  std::uint64_t user_data;
  std::int32_t answer;
  std::uint32_t flags;
};
constexpr std::uint32_t ring_in_our_memory = 1u << 14;  // SETUP_NO_MMAP

/// A ring of one entry in the copy's own pages, which needs no mapping.
Attempted advise_by_ring(ForkedCopy &copy, const Aim &aim) {
  const Address ring = aim.scratch, entry = aim.scratch + aim.page;
  const tracer::RemoteAddress at{entry + 1024};
  auto write = [&](Address to, const auto &value) {
    return copy.memory().write({to}, std::as_bytes(std::span(&value, 1)));
  };
  MEMSEAL_TRY_VOID(write(ring, std::array<std::byte, 1024>{}));
  RingParameters wanted{};
  wanted.flags = ring_in_our_memory;
  wanted.completion.address = ring;
  wanted.submission.address = entry;
  MEMSEAL_TRY_VOID(write(at.value, wanted));
  auto made = MEMSEAL_TRY(copy.call(SYS_io_uring_setup, {1, at.value}));
  if (!made.lived() || made.answer < 0)
    return made;
  auto got = MEMSEAL_TRY(copy.memory().read_value<RingParameters>(at));

  io_uring_sqe advice{};
  advice.opcode = IORING_OP_MADVISE;
  advice.addr = aim.begin;
  advice.len = static_cast<std::uint32_t>(aim.size);
  advice.fadvise_advice = MADV_DONTNEED;
  MEMSEAL_TRY_VOID(write(entry, advice));
  MEMSEAL_TRY_VOID(write(ring + got.submission.c, std::uint32_t{0}));
  MEMSEAL_TRY_VOID(write(ring + got.submission.tail, std::uint32_t{1}));
  auto entered = MEMSEAL_TRY(
      copy.call(SYS_io_uring_enter, {static_cast<std::uint64_t>(made.answer), 1,
                                     1, IORING_ENTER_GETEVENTS, 0, 0}));
  if (!entered.lived() || entered.answer < 0)
    return entered;
  auto done = MEMSEAL_TRY(
      copy.memory().read_value<RingCompletion>({ring + got.completion.b}));
  entered.answer = done.answer;
  return entered;
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
    {"protect-across", "mprotect(p - 1 page, n + 1 page, NONE)", "S-27",
     seal_type::mprotect, Effect::seen, protect_across},
    {"unmap-across", "munmap(p - 1 page, n + 1 page)", "S-27",
     seal_type::munmap, Effect::seen, unmap_across},
    {"move-break", "prctl(PR_SET_MM, MAP, {brk: p + n}); brk(p)", "S-42",
     seal_type::munmap, Effect::seen, move_break},
    {"discard-by-ring", "io_uring: madvise(p, n, DONTNEED)", "S-38", none,
     Effect::seen, advise_by_ring},
    {"write-by-vector", "process_vm_writev(self, p)", "S-46", none,
     Effect::seen, write_by_vector},
    {"take-over-faults", "ioctl(userfaultfd, REGISTER, {p, n})", "S-43", none,
     Effect::implied, take_over_faults},
    {"write-own-memory", "pwrite(/proc/self/mem, p)", "S-44", none,
     Effect::seen, write_own_memory},
};

constexpr Untried not_tried[] = {
    {"int 0x80 and x32 calls (S-39)",
     "int 0x80 reaches the lowest 4 GiB only; x32 numbers are off by default; "
     "memseal's own tests try both"},
    {"ptrace by others (S-45)", "is how the copy is made: it works"},
    {"the file behind a mapping (S-47)",
     "would change the file for everybody, and a copy of the file is not what "
     "is mapped: it works"},
    {"madvise(HWPOISON) (S-36)", "would spoil the machine's memory"},
    {"what a call across segments does to unsealed pages (S-62)",
     "native may have changed them; only the sealed segment is compared"},
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
  if (segment.kept || segment.filter.has(attack.type))
    return true;
  if (!segment.native)
    return false;
  // mseal(2) forbids emptying on private anonymous read-only memory only
  // (S-63), and no segment of an object is that.
  return !attack.type.has(seal_type::discard);
}

}  // namespace memseal::cli
