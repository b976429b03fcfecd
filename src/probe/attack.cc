// SPDX-License-Identifier: Apache-2.0
#include "probe/attack.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "probe/attack_vectors.h"
#include "vm/advice.h"

namespace memseal::probe {
namespace {

constexpr unsigned grows_down = 0x01000000;  // PROT_GROWSDOWN
constexpr std::uint64_t anywhere = static_cast<std::uint64_t>(-1);

Result<CallOutcome> protect(ForkedCopy &copy, const Aim &aim, unsigned bits) {
  return copy.call(SYS_mprotect, {aim.begin, aim.size, bits});
}

Result<CallOutcome> replace(ForkedCopy &copy, const Aim &aim,
                            std::uint64_t size, unsigned flags) {
  return copy.call(SYS_mmap,
                   {aim.begin, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | flags, anywhere, 0});
}

Result<CallOutcome> remap(ForkedCopy &copy, Address from,
                          std::uint64_t old_size, std::uint64_t new_size,
                          unsigned flags, Address to = 0) {
  return copy.call(SYS_mremap, {from, old_size, new_size, flags, to});
}

template <const Advice &advice>
Result<CallOutcome> advise(ForkedCopy &copy, const Aim &aim) {
  return copy.call(SYS_madvise, {aim.begin, aim.size, advice.number});
}

template <const Advice &advice>
Result<CallOutcome> advise_in_ring(ForkedCopy &copy, const Aim &aim) {
  return advise_by_ring(copy, aim, advice);
}

/// A mapping that is asked for where the range is: with these flags too.
template <unsigned flags>
Result<CallOutcome> map_at(ForkedCopy &copy, const Aim &aim) {
  return replace(copy, aim, aim.page, flags);
}

/// Advice that moves pages and changes none.
template <unsigned number>
Result<CallOutcome> move_pages(ForkedCopy &copy, const Aim &aim) {
  return copy.call(SYS_madvise, {aim.begin, aim.size, number});
}

/// An address inside of a page: whoever judges pages refuses it, else the
/// kernel does, before it would take memory away from the machine.
Result<CallOutcome> poison(ForkedCopy &copy, const Aim &aim) {
  return copy.call(SYS_madvise,
                   {aim.begin + 1, aim.page, advice::hwpoison.number});
}

constexpr SealTypes none{};
constexpr unsigned rw = PROT_READ | PROT_WRITE;
constexpr long x32_bit = 0x40000000;

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
    {"map-huge-below", "mmap(2 MiB around p, 1 page, FIXED|HUGETLB)", "S-33",
     seal_type::mmap, Effect::seen, map_huge_below},
    {"map-huge-file", "mmap(2 MiB around p, 1 page, FIXED, hugetlb file)",
     "S-33", seal_type::mmap, Effect::seen, map_huge_file_over},
    {"map-huge-file-wrongly",
     "mmap(2 MiB around p, 1 page, FIXED, hugetlb file, 4096)", "S-45b",
     seal_type::mmap, Effect::seen, map_huge_file_wrongly},
    {"map-no-replace", "mmap(p, 1 page, FIXED_NOREPLACE)", "S-33",
     seal_type::mmap, Effect::seen, map_at<MAP_FIXED_NOREPLACE>},
    {"map-both-flags", "mmap(p, 1 page, FIXED|FIXED_NOREPLACE)", "S-33",
     seal_type::mmap, Effect::seen, map_at<MAP_FIXED | MAP_FIXED_NOREPLACE>},
    {"map-hint", "mmap(p, 1 page, 0)", "S-33", none, Effect::seen, map_at<0>},
    {"shm-away", "shmdt(p)", "S-35", seal_type::munmap, Effect::seen,
     [](auto &c, auto &a) { return c.call(SYS_shmdt, {a.begin}); }},
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
    {"remap-huge-onto", "mremap(huge page, 1 page, 1 page, FIXED, around p)",
     "S-34", seal_type::mremap, Effect::seen, move_huge_onto},
    {"discard", "madvise(p, n, DONTNEED)", "S-36", seal_type::discard,
     Effect::seen, advise<advice::dontneed>},
    {"discard-locked", "madvise(p, n, DONTNEED_LOCKED)", "S-36",
     seal_type::discard, Effect::seen, advise<advice::dontneed_locked>},
    {"free", "madvise(p, n, FREE)", "S-36", seal_type::discard, Effect::seen,
     advise<advice::free>},
    {"remove", "madvise(p, n, REMOVE)", "S-36", seal_type::discard,
     Effect::seen, advise<advice::remove>},
    {"guard", "madvise(p, n, GUARD_INSTALL)", "S-36", seal_type::discard,
     Effect::seen, advise<advice::guard_install>},
    {"unguard", "madvise(p, n, GUARD_REMOVE)", "S-36", seal_type::discard,
     Effect::seen, advise<advice::guard_remove>, false},
    {"poison", "madvise(p + 1, 1 page, HWPOISON)", "S-36", seal_type::discard,
     Effect::seen, poison, false},
    {"free-page-out", "madvise(p, n, FREE); madvise(p, n, PAGEOUT)", "S-36",
     seal_type::discard, Effect::seen, free_and_page_out},
    {"page-out", "madvise(p, n, PAGEOUT)", "S-36", none, Effect::seen,
     move_pages<MADV_PAGEOUT>},
    {"cold", "madvise(p, n, COLD)", "S-36", none, Effect::seen,
     move_pages<MADV_COLD>},
    {"keep-from-child", "madvise(p, n, DONTFORK)", "S-36", seal_type::discard,
     Effect::implied, advise<advice::dontfork>},
    {"wipe-in-child", "madvise(p, n, WIPEONFORK)", "S-36", seal_type::discard,
     Effect::implied, advise<advice::wipeonfork>},
    {"discard-by-pidfd", "process_madvise(self, {p, n}, DONTNEED)", "S-37",
     seal_type::discard, Effect::seen, advise_by_descriptor},
    {"protect-across", "mprotect(p - 1 page, n + 1 page, NONE)", "S-27",
     seal_type::mprotect, Effect::seen, protect_across},
    {"unmap-across", "munmap(p - 1 page, n + 1 page)", "S-27",
     seal_type::munmap, Effect::seen, unmap_across},
    {"move-break", "prctl(PR_SET_MM, MAP, {brk: p + n}); brk(p)", "S-42",
     seal_type::munmap, Effect::seen, move_break},
    {"compat-protect", "int 0x80: mprotect(p, n, READ|WRITE)", "S-39",
     seal_type::mprotect, Effect::seen, protect_by_compat},
    {"compat-unmap", "int 0x80: munmap(p, n)", "S-39", seal_type::munmap,
     Effect::seen, unmap_by_compat},
    {"compat-map-over", "int 0x80: mmap2(p, n, FIXED)", "S-39", seal_type::mmap,
     Effect::seen, map_over_by_compat},
    {"compat-old-map-over", "int 0x80: mmap({p, n, FIXED})", "S-39",
     seal_type::mmap, Effect::seen, map_over_by_oldest},
    {"x32-protect", "x32: mprotect(p, n, READ|WRITE)", "S-39",
     seal_type::mprotect, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(x32_bit | SYS_mprotect, {a.begin, a.size, rw});
     }},
    {"protect-tagged", "arch_prctl(ENABLE_TAGGED_ADDR); mprotect(tagged p)",
     "S-41", seal_type::mprotect, Effect::seen, protect_by_tag},
    {"discard-by-ring", "io_uring: madvise(p, n, DONTNEED)", "S-38", none,
     Effect::seen, advise_in_ring<advice::dontneed>},
    {"discard-locked-by-ring", "io_uring: madvise(p, n, DONTNEED_LOCKED)",
     "S-38", none, Effect::seen, advise_in_ring<advice::dontneed_locked>},
    {"free-by-ring", "io_uring: madvise(p, n, FREE)", "S-38", none,
     Effect::seen, advise_in_ring<advice::free>},
    {"remove-by-ring", "io_uring: madvise(p, n, REMOVE)", "S-38", none,
     Effect::seen, advise_in_ring<advice::remove>},
    {"guard-by-ring", "io_uring: madvise(p, n, GUARD_INSTALL)", "S-38", none,
     Effect::seen, advise_in_ring<advice::guard_install>},
    {"keep-from-child-by-ring", "io_uring: madvise(p, n, DONTFORK)", "S-38",
     none, Effect::implied, advise_in_ring<advice::dontfork>},
    {"wipe-in-child-by-ring", "io_uring: madvise(p, n, WIPEONFORK)", "S-38",
     none, Effect::implied, advise_in_ring<advice::wipeonfork>},
    {"unmark-by-ring", "io_uring: madvise(p, n, DODUMP, NORMAL); mprotect(p)",
     "S-38", none, Effect::seen, unmark_by_ring},
    {"pin-by-ring", "io_uring_register(BUFFERS, p)", "S-82", none,
     Effect::implied, pin_by_ring},
    {"lock", "mlock(p, n)", "S-48", none, Effect::seen,
     [](auto &c, auto &a) {
       return c.call(SYS_mlock, {a.begin, a.size});
     }},
    {"write-by-vector", "process_vm_writev(self, p)", "S-46", none,
     Effect::seen, write_by_vector},
    {"take-over-faults", "ioctl(userfaultfd, REGISTER, {p, n})", "S-43", none,
     Effect::implied, take_over_faults},
    {"write-own-memory", "pwrite(/proc/self/mem, p)", "S-44", none,
     Effect::seen, write_own_memory},
    {"write-backing-file", "access(the file behind p, W_OK)", "S-47", none,
     Effect::implied, may_write_backing_file},
};

constexpr Untried not_tried[] = {
    {"writing to the file behind a segment (S-47)",
     "would change it for everybody: that it may be written to is enough"},
    {"ptrace by others (S-45)", "is how the copy is made: it works"},
    {"io_destroy (S-45a)",
     "needs a ring that lay there before the segment did; memseal's own tests "
     "try it"},
    {"madvise(HWPOISON) of a whole page (S-36)",
     "would take memory from the machine: what is tried is refused by the "
     "kernel, too, which alone says EINVAL"},
    {"brk over a sealed page (S-35)",
     "the heap is not sealed: what is tried is to say that it lies there"},
    {"ARCH_SHSTK_DISABLE, PR_SET_SHADOW_STACK_STATUS (S-45c)",
     "needs a processor with shadow stacks"},
    {"what was advised or pinned before the seal (S-81, S-82)",
     "is over: memseal's own tests do it in their own memory"},
    {"a thread whose personality adds PROT_EXEC before the seal (S-51)",
     "a copy has one thread; memseal's own tests make two"},
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

bool is_promised(const Attack &attack, const process::Segment &segment) {
  if (attack.type.empty())
    return false;
  if (segment.kept || segment.filter.has(attack.type))
    return true;
  if (!segment.native || !attack.native)
    return false;
  // S-63: mseal(2) forbids emptying on such memory only.
  return !attack.type.has(seal_type::discard) ||
         (segment.anonymous && !segment.protection.writable());
}

}  // namespace memseal::probe
