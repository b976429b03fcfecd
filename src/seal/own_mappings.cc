// SPDX-License-Identifier: Apache-2.0
#include "seal/own_mappings.h"

#include <sys/syscall.h>

#include <algorithm>

#include "sys/maps_reader.h"
#include "sys/syscall.h"
#include "vm/maps_parser.h"

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

Result<void> look_around(std::span<const PageRange> ranges,
                         Surroundings &into) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    into.has_ring |= mapping->name == "anon_inode:[io_uring]";
    bool shared = is_system_v(*mapping);
    bool heap = kind_of_name(mapping->name) == NameKind::heap;
    if (!shared && !heap)
      continue;
    for (PageRange range : ranges) {
      if (!range.overlaps(mapping->range))
        continue;
      if (heap)
        into.heap_end =
            std::max(into.heap_end, range.intersection(mapping->range).end());
      else
        MEMSEAL_TRY_VOID(into.attachments.push_back(mapping->range.begin() -
                                                    mapping->offset));
    }
  }
  return {};
}

}  // namespace memseal
