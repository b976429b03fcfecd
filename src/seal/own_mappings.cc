// SPDX-License-Identifier: Apache-2.0
#include "seal/own_mappings.h"

#include <errno.h>
#include <sys/syscall.h>

#include <algorithm>

#include "sys/maps_reader.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

constexpr unsigned long read_implies_exec = 0x0400000;  // linux/personality.h

bool is_lowerable(Protection protection) {
  constexpr auto r = Protection::read, w = Protection::write,
                 x = Protection::exec;
  return protection.bits == r || protection.bits == (r | w) ||
         protection.bits == (r | x);
}

/// Source: Linux, ipc/shm.c, newseg: the file is named "SYSV%08x".
bool is_system_v(const Mapping &mapping) {
  return mapping.name.starts_with("/SYSV");
}

}  // namespace

Result<void> read_protections(PageRange range, Scratch<ProtectedRange> &into) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  Address covered = range.begin();
  while (covered < range.end()) {
    auto mapping = MEMSEAL_TRY(maps.next());
    if (!mapping || mapping->range.begin() > covered)
      break;
    if (!mapping->range.overlaps(range))
      continue;
    PageRange part = mapping->range.intersection(range);
    MEMSEAL_TRY_VOID(into.push_back({part, mapping->protection}));
    covered = part.end();
  }
  if (covered < range.end())
    return fail(Errc::hole);
  return {};
}

Result<void> check_lowerable(Protection protection) {
  long persona = sys::call(SYS_personality, std::uint32_t{0xffffffff}).raw;
  bool exact = (persona & read_implies_exec) == 0;
  if (!exact || !is_lowerable(protection))
    return fail(Errc::unsupported);
  return {};
}

Result<void> check_lowerable(PageRange range) {
  Scratch<ProtectedRange> parts;
  MEMSEAL_TRY_VOID(read_protections(range, parts));
  for (const ProtectedRange &part : parts.view())
    MEMSEAL_TRY_VOID(check_lowerable(part.protection));
  return {};
}

bool cuts_huge_page(PageRange range) {
  // Every huge page is a multiple of this on x86-64; arm64 has smaller ones.
  constexpr Address aligned = Address{2} << 20;
  const std::size_t page = sys::page_size();
  for (Address edge : {range.begin(), range.end()}) {
    if (edge % aligned == 0)
      continue;
    // Asks for the size it has, and so changes nothing; only hugetlb memory
    // refuses it for where the address lies. Source: Linux, mm/mremap.c.
    sys::Answer same = sys::call(SYS_mremap, edge, page, page, 0);
    if (same.error() == EINVAL)
      return true;
  }
  return false;
}

Result<void> look_around(std::span<const PageRange> ranges,
                         Surroundings &into) {
  // brk unmaps whatever lies below the break: also a file that was mapped over
  // the heap, which is not called [heap].
  const Address page = sys::page_size();
  auto brk = static_cast<Address>(sys::call(SYS_brk, 0).raw);
  const Address heap_end = (brk + page - 1) & ~(page - 1);
  for (PageRange range : ranges) {
    if (range.begin() < heap_end)
      into.heap_end = std::max(into.heap_end, std::min(range.end(), heap_end));
  }
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    into.has_ring |= mapping->name == "anon_inode:[io_uring]";
    if (!is_system_v(*mapping))
      continue;
    for (PageRange range : ranges) {
      if (range.overlaps(mapping->range))
        MEMSEAL_TRY_VOID(into.attachments.push_back(mapping->range.begin() -
                                                    mapping->offset));
    }
  }
  return {};
}

}  // namespace memseal
