// SPDX-License-Identifier: Apache-2.0
#include "seal/own_mappings.h"

#include <errno.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text_writer.h"
#include "filter/huge_pages.h"
#include "seal/register.h"
#include "sys/huge_files.h"
#include "sys/kernel_version.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/proc_text.h"
#include "sys/program_break.h"
#include "sys/syscall.h"
#include "sys/threads.h"

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

bool is_kept_mapped(const filter::GuardedRange &guarded) {
  return guarded.types.has(seal_type::munmap);
}

/// brk unmaps from the new break to the old one, also a file that was mapped
/// over the heap, which is not called [heap]. What lies below the lowest break,
/// the program itself for example, it cannot reach.
Result<std::optional<PageRange>> breaks_to_refuse(
    std::span<const filter::GuardedRange> guarded) {
  const Address page = sys::page_size();
  const Address heap_end = (sys::program_break() + page - 1) & ~(page - 1);
  Address end = 0;
  for (const filter::GuardedRange &one : guarded) {
    if (is_kept_mapped(one) && one.range.begin() < heap_end)
      end = std::max(end, std::min(one.range.end(), heap_end));
  }
  if (end == 0)
    return std::nullopt;
  Address lowest = MEMSEAL_TRY(sys::lowest_program_break()) & ~(page - 1);
  if (end <= lowest)
    return std::nullopt;
  return MEMSEAL_TRY(PageRange::create(lowest, end - lowest, page));
}

/// Asks for the size it has, and so changes nothing; only hugetlb memory
/// refuses it for where the address lies. Source: Linux, mm/mremap.c.
/// A seal that is there already refuses it, too, or kills for it: then nothing
/// is known.
std::optional<bool> is_in_huge_page(Address edge,
                                    const RegisterHeader &before) {
  if (before.deadly != 0 &&
      SealTypes{read_entry(before, edge).types}.has(seal_type::mremap))
    return {};
  const std::size_t page = sys::page_size();
  int error = sys::call(SYS_mremap, edge, page, page, 0).error();
  if (error == EPERM)
    return {};
  return error == EINVAL;
}

std::span<const std::uint64_t> huge_page_sizes() {
  return filter::huge_page_sizes(filter::native_architecture());
}

/// Whether ranges begin or end inside of huge pages of this mapping. It has
/// such pages all over or none, so an edge that would lie inside of any answers
/// for all.
bool cuts_huge_page(std::span<const filter::GuardedRange> guarded,
                    const RegisterHeader &before, PageRange mapping) {
  auto it = std::partition_point(guarded.begin(), guarded.end(),
                                 [&](const filter::GuardedRange &one) {
                                   return one.range.end() < mapping.begin();
                                 });
  for (; it != guarded.end() && it->range.begin() < mapping.end(); ++it) {
    for (Address edge : {it->range.begin(), it->range.end()}) {
      if (edge % huge_page_sizes().back() == 0 || !mapping.contains(edge))
        continue;
      const bool may_be_whole = edge % huge_page_sizes().front() == 0;
      if (may_be_whole && !sys::kernel_is_at_least(5, 16))
        continue;  // it does not move huge pages, nor tell parts from whole
                   // ones
      auto known = is_in_huge_page(edge, before);
      if (known && (*known || !may_be_whole))
        return *known;
    }
  }
  return false;
}

filter::HugeFiles huge_files(std::span<const filter::GuardedRange> guarded,
                             const RegisterHeader &before) {
  bool matters = std::ranges::any_of(
      guarded, [](auto &one) { return one.types.has(seal_type::mmap); });
  bool closed =
      before.base_level >= static_cast<std::uint32_t>(BaseLevel::closed);
  return matters && !closed && !sys::may_map_huge_files(0)
             ? filter::HugeFiles::none
             : filter::HugeFiles::possible;
}

/// What personality(2) says of a thread; nothing if it has ended.
Result<std::optional<std::uint64_t>> personality_of(int tid) {
  std::array<char, 64> path{}, buffer;
  TextWriter writer(path);
  writer.text("/proc/self/task/").decimal(static_cast<std::uint64_t>(tid));
  writer.text("/personality");
  auto text = sys::read_proc(path.data(), buffer);
  if (!text &&
      (text.error().sys_errno == ENOENT || text.error().sys_errno == ESRCH))
    return std::nullopt;
  std::string_view digits = MEMSEAL_TRY(std::move(text));
  std::uint64_t bits = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16)
          .ec != std::errc())
    return fail(Errc::malformed);
  return bits;
}

/// Nothing if the list was not whole.
Result<std::optional<bool>> is_said_of_a_thread(sys::ThreadList &threads,
                                                std::uint64_t bit) {
  MEMSEAL_TRY_VOID(threads.rewind());
  std::size_t seen = 0;
  while (auto tid = MEMSEAL_TRY(threads.next())) {
    ++seen;
    auto bits = MEMSEAL_TRY(personality_of(*tid));
    if (bits && (*bits & bit) != 0)
      return true;
  }
  if (seen < MEMSEAL_TRY(threads.thread_count()))
    return std::nullopt;
  return false;
}

}  // namespace

Result<void> check_reading_is_not_executing() {
  long own = sys::call(SYS_personality, std::uint32_t{0xffffffff}).raw;
  if ((own & static_cast<long>(read_implies_exec)) != 0)
    return fail(Errc::unsupported);
  if (sys::address_space_sharers() == sys::AddressSpaceSharers::none)
    return {};
  auto threads = sys::ThreadList::open();
  constexpr int most_looks = 64;
  for (int look = 0; threads && look < most_looks; ++look) {
    auto said = is_said_of_a_thread(*threads, read_implies_exec);
    if (!said || (*said && **said))
      break;
    if (*said)
      return {};
  }
  return fail(Errc::unsupported);
}

bool tags_are_ignored() {
#if defined(__x86_64__)
  constexpr int get_untag_mask = 0x4001;  // ARCH_GET_UNTAG_MASK, Linux 6.4
  std::uint64_t mask = ~std::uint64_t{0};
  return !sys::call(SYS_arch_prctl, get_untag_mask, &mask).failed() &&
         mask != ~std::uint64_t{0};
#else
  return false;  // a filter judges arm64's addresses without their tags
#endif
}

bool is_inside_huge_page(Address edge, const RegisterHeader &before) {
  return edge % huge_page_sizes().back() != 0 &&
         is_in_huge_page(edge, before).value_or(false);
}

Result<void> read_protections(PageRange range,
                              sys::OwnedList<ProtectedRange> &into) {
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
  if (!is_lowerable(protection))
    return fail(Errc::unsupported);
  return {};
}

Result<void> LowerableMap::read() {
  mappings_.clear();
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next()))
    MEMSEAL_TRY_VOID(
        mappings_.push_back({mapping->range, mapping->protection}));
  read_ = true;
  return {};
}

Result<void> LowerableMap::check(PageRange range) const {
  auto all = mappings_.view();
  auto it = std::partition_point(all.begin(), all.end(),
                                 [&](const ProtectedRange &one) {
                                   return one.range.end() <= range.begin();
                                 });
  Address covered = range.begin();
  for (; covered < range.end(); ++it) {
    if (it == all.end() || it->range.begin() > covered)
      return fail(Errc::hole);
    MEMSEAL_TRY_VOID(check_lowerable(it->protection));
    covered = it->range.end();
  }
  return {};
}

Result<void> read_filter_context(std::span<const filter::GuardedRange> guarded,
                                 const RegisterHeader &before,
                                 FilterContext &into) {
  into.breaks = MEMSEAL_TRY(breaks_to_refuse(guarded));
  into.huge_files = huge_files(guarded, before);
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    into.has_ring |= mapping->name == "anon_inode:[io_uring]";
    into.cuts_huge_page |= cuts_huge_page(guarded, before, mapping->range);
    if (!is_system_v(*mapping))
      continue;
    for (const filter::GuardedRange &one : guarded) {
      if (is_kept_mapped(one) && one.range.overlaps(mapping->range))
        MEMSEAL_TRY_VOID(into.attachments.push_back(mapping->range.begin() -
                                                    mapping->offset));
    }
  }
  return {};
}

}  // namespace memseal
