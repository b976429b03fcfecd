// SPDX-License-Identifier: Apache-2.0
#include "loader/fence.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

/// What a dlopen gets without asking: less than an arena of malloc's takes,
/// which another thread may want meanwhile.
constexpr std::size_t usual_gap = 64UL << 20;
/// Larger than what lies between two libraries, smaller than what is free below
/// them all.
constexpr std::size_t wide = 1UL << 30;

constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
// Newer than some headers. Source: Linux 4.17, mmap(2).
constexpr int fixed_noreplace = 0x100000;

struct Gap {
  bool open = false;
  Address begin = 0, end = 0;
  std::size_t wanted = 0;
  /// Nothing but the fence lies between the border and here: the fence is not
  /// taken away above it, for there are libraries. 0: as it was put up.
  Address end_of_fence = 0;
};
constinit Gap gap;

/// 0 if the kernel has no room.
Address reserve(Address where, std::size_t size, int how) {
  sys::ReturnValue got =
      sys::call(SYS_mmap, where, size, PROT_NONE, flags | how, -1, 0);
  if (got.failed())
    return 0;
  // gcore would write terabytes of it. Source: gdb, "dump-excluded-mappings".
  sys::call(SYS_madvise, got.raw, size, MADV_DONTDUMP);
  return static_cast<Address>(got.raw);
}

void unmap(Address begin, std::size_t size) {
  sys::call(SYS_munmap, begin, size);
}

/// Whether there was nothing.
bool extend(Address where, std::size_t size) {
  const Address got = reserve(where, size, fixed_noreplace);
  if (got != 0 && got != where)
    unmap(got, size);
  return got == where;
}

/// Where nothing else is below the border, each munmap would free three levels
/// of page tables and the next touch build them again: a page that stays keeps
/// them. It is only read, so it is the kernel's page of zeros.
void keep_page_tables(Address border) {
  const std::size_t page = sys::page_size();
  sys::ReturnValue got = sys::call(SYS_mmap, border - page, page, PROT_READ,
                                   flags | fixed_noreplace, -1, 0);
  if (got.failed())
    return;
  if (static_cast<Address>(got.raw) == border - page)
    static_cast<void>(*reinterpret_cast<volatile const char *>(got.raw));
  else
    unmap(static_cast<Address>(got.raw), page);
}

}  // namespace

Fence put_up_fence(Address border) {
  // Right below the lowest object: no hole above it is as large.
  const Address below = reserve(0, wide, 0);
  if (below == 0)
    return {};
  // Outside of the zone, or with something between it and the border.
  if (below < border || (below > border && !extend(border, below - border))) {
    unmap(below, wide);
    return {};
  }
  keep_page_tables(border);
  return {.border = border, .top = below + wide};
}

/// The kernel tells where holes are: it takes the highest that is large enough.
/// From large to small, for few calls.
void fill_holes(const Fence &fence) {
  if (!fence.stands())
    return;
  for (std::size_t size = 1UL << 24; size >= sys::page_size(); size /= 8) {
    for (;;) {
      const Address got = reserve(0, size, 0);
      if (got != 0 && got >= fence.border)
        continue;
      if (got != 0)
        unmap(got, size);
      break;
    }
  }
}

std::size_t size_of_library(const char *name) {
  struct statx about {};
  bool told =
      !sys::call(SYS_statx, AT_FDCWD, name, 0, STATX_SIZE, &about).failed();
  return told ? about.stx_size : 0;
}

void make_gap(const Fence &fence, std::size_t size) {
  if (!fence.stands())
    return;
  if (!gap.open) {
    const Address end = gap.end_of_fence != 0 ? gap.end_of_fence : fence.top;
    gap = {.open = true, .begin = end, .end = end, .end_of_fence = end};
  }
  // In memory it may be larger than its file, and must find a hole of one
  // piece.
  gap.wanted += 2 * size;
  const std::size_t room =
      usual_gap + ((gap.wanted + usual_gap - 1) & ~(usual_gap - 1));
  if (gap.end - gap.begin >= room || gap.end - fence.border < room)
    return;
  const Address begin = gap.end - room;
  unmap(begin, gap.begin - begin);
  gap.begin = gap.end_of_fence = begin;
}

/// From below, as far as there is nothing: there the next gap will end.
void close_gap(const Fence &fence) {
  if (!gap.open)
    return;
  gap.open = false;
  for (std::size_t size = gap.end - gap.begin; size >= 1UL << 20; size /= 2) {
    if (size <= gap.end - gap.end_of_fence && extend(gap.end_of_fence, size))
      gap.end_of_fence += size;
  }
  fill_holes(fence);
}

}  // namespace memseal::loader
