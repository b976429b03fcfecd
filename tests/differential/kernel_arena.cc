// SPDX-License-Identifier: Apache-2.0
#include "differential/kernel_arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "sys/maps_reader.h"
#include "sys/syscall.h"

namespace memseal::differential {
namespace {

constexpr int map_droppable = 0x8;  // Linux 6.11

[[noreturn]] void give_up(const char *what) {
  std::perror(what);
  std::abort();
}

}  // namespace

KernelArena::KernelArena(std::uintptr_t base) : base_(base) {
  file_ = memfd_create("arena", MFD_CLOEXEC);
  if (file_ == -1 || ftruncate(file_, (file_pages_in_1_gib + 256) * page) != 0)
    give_up("memfd");
  for (int i = 0; i < arena_pages; ++i) {
    std::uint64_t word = file_word(i);
    if (pwrite(file_, &word, sizeof(word),
               static_cast<off_t>(file_page_of(at(i)) * page)) != sizeof(word))
      give_up("pwrite");
  }
  memory_ = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory_ == -1)
    give_up("/proc/self/mem");
}

std::optional<Call> KernelArena::call_of(const Step &s) const {
  Address from = at(s.at) + (s.unaligned ? 1 : 0);
  std::uint64_t size = s.length.bytes();
  switch (s.kind) {
    case Kind::map:
    case Kind::map_gently: {
      std::uint64_t flags =
          (s.kind == Kind::map ? MAP_FIXED : MAP_FIXED_NOREPLACE) |
          (s.backing == 2    ? MAP_SHARED
           : is_droppable(s) ? map_droppable
                             : MAP_PRIVATE) |
          (has_file(s) ? 0 : MAP_ANONYMOUS) | MAP_NORESERVE;
      std::uint64_t offset = has_file(s) ? file_page_of(at(s.at)) * page : 0;
      auto file = static_cast<std::uint64_t>(has_file(s) ? file_ : -1);
      return Call{SYS_mmap, {from, size, s.protection, flags, file, offset}};
    }
    case Kind::unmap:
      return Call{SYS_munmap, {from, size}};
    case Kind::protect:
      return Call{SYS_mprotect, {from, size, s.protection}};
    case Kind::pkey_protect:
      return Call{SYS_pkey_mprotect, {from, size, s.protection, ~0ul}};
    case Kind::advise:
      return Call{SYS_madvise,
                  {from, size, static_cast<unsigned>(advices[s.advice])}};
    case Kind::remap:
      // Without FIXED and DONTUNMAP; what the kernel may place is left out.
      return Call{SYS_mremap,
                  {from, size, s.new_length.bytes(), s.flags & 9u, 0}};
    case Kind::remap_to:
      return Call{SYS_mremap,
                  {from + distances[s.afar], size, s.new_length.bytes(),
                   s.flags | 2u, at(s.target)}};
    case Kind::remap_file:
      return Call{SYS_remap_file_pages,
                  {from, page, 0, file_page_of(at(s.target)), 0}};
    case Kind::write:
    case Kind::seal:
      return std::nullopt;
  }
  return std::nullopt;
}

long KernelArena::make(const Call &call) const {
  const auto &a = call.arguments;
  return sys::call(call.number, a[0], a[1], a[2], a[3], a[4], a[5]).raw;
}

void KernelArena::write(Address at, std::uint64_t value) const {
  *reinterpret_cast<volatile std::uint64_t *>(at) = value;
}

std::map<Address, SeenPage> KernelArena::look() const {
  std::map<Address, SeenPage> seen;
  Address low = at(-margin), high = at(arena_pages + 4 * margin);
  sys::MapsReader reader = sys::MapsReader::of_self(sys::ReadSeals::without);
  for (;;) {
    auto next = reader.next();
    if (!next)
      give_up("/proc/self/maps");
    if (!*next || (*next)->range.begin() >= high)
      return seen;
    const Mapping &mapping = **next;
    for (Address a = mapping.range.begin(); a != mapping.range.end(); a += page)
      if (a >= low && a < high)
        seen[a] = {mapping.protection, mapping.sharing, mapping.inode != 0};
  }
}

std::optional<std::uint64_t> KernelArena::peek(Address at) const {
  std::uint64_t word = 0;
  if (pread(memory_, &word, sizeof(word), static_cast<off_t>(at)) !=
      sizeof(word))
    return std::nullopt;
  return word;
}

}  // namespace memseal::differential
