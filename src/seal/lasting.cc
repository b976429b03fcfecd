// SPDX-License-Identifier: Apache-2.0
#include "seal/lasting.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "sys/mapping_query.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/syscall.h"
#include "vm/maps_parser.h"

namespace memseal {
namespace {

// Linux 5.14; older headers lack it.
constexpr int advice_populate_write = 23;

bool has_pages_of_its_own(const Mapping &mapping) {
  NameKind kind = kind_of_name(mapping.name);
  bool special = kind == NameKind::vdso || kind == NameKind::vvar ||
                 kind == NameKind::vsyscall || kind == NameKind::special;
  return mapping.inode == 0 && mapping.sharing == Sharing::private_copy &&
         !special;
}

/// Writes to pages what is on them.
class Rewriting {
public:
  Rewriting() = default;
  Rewriting(const Rewriting &) = delete;
  Rewriting &operator=(const Rewriting &) = delete;
  ~Rewriting() {
    if (memory_ >= 0)
      sys::call(SYS_close, memory_);
  }

  /// Errors:  unsupported: the kernel lets nobody write there.
  Result<void> rewrite(PageRange range) {
    if (!sys::call(SYS_madvise, range.begin(), range.size(),
                   advice_populate_write)
             .failed())
      return {};
    // Before Linux 5.14, or not writable. This file does not ask for that; no
    // thread can write meanwhile what it is not permitted to.
    if (memory_ < 0)
      memory_ = sys::call(SYS_openat, AT_FDCWD, "/proc/thread-self/mem",
                          O_RDWR | O_CLOEXEC)
                    .raw;
    for (Address at = range.begin(); at < range.end(); at += sys::page_size()) {
      char byte;
      if (sys::call(SYS_pread64, memory_, &byte, 1, at).raw != 1 ||
          sys::call(SYS_pwrite64, memory_, &byte, 1, at).raw != 1)
        return fail(Errc::unsupported);
    }
    return {};
  }

private:
  long memory_ = -1;
};

/// Whether mseal(2) forbids discarding advice there.
bool is_kept_natively(const Mapping &mapping) {
  return has_pages_of_its_own(mapping) && !mapping.protection.writable();
}

/// The same, asked about the mappings of one range only. Where that is not
/// possible: yes, it may be so.
bool may_be_kept_natively(const sys::MappingQuery &query, PageRange range) {
  for (Address at = range.begin(); at < range.end();) {
    auto found = query.from(at);
    if (!found)
      return true;
    if (!*found || (*found)->range.begin() >= range.end())
      return false;
    const sys::FoundMapping &one = **found;
    if (!one.has_file && !one.shared && !one.writable && !one.special)
      return true;
    at = one.range.end();
  }
  return false;
}

/// smaps costs a walk over all the page tables: it is read only if a range may
/// be such as it has to be read for.
bool is_worth_a_look(std::span<const ToLast> ranges) {
  if (ranges.empty())
    return false;
  if (!std::ranges::all_of(ranges, &ToLast::natively))
    return true;
  auto query = sys::MappingQuery::open();
  return !query || std::ranges::any_of(ranges, [&](const ToLast &one) {
    return may_be_kept_natively(*query, one.range);
  });
}

Result<void> make_last(const Mapping &mapping, PageRange range) {
  const Lasting &lasting = mapping.lasting;
  if (lasting.droppable || lasting.not_in_child || lasting.empty_in_child)
    return fail(Errc::unsupported);
  if (!lasting.clean || !has_pages_of_its_own(mapping))
    return {};
  return take_back_lazy_frees(range);
}

}  // namespace

// A page that is not there holds nothing, and must not be made for this.
Result<void> take_back_lazy_frees(PageRange range) {
  constexpr std::size_t most = 1024;  // pages at once
  const std::size_t page = sys::page_size();
  std::array<unsigned char, most> resident;
  Rewriting rewriting;
  for (Address at = range.begin(); at < range.end();) {
    std::size_t count = std::min(most, (range.end() - at) / page);
    MEMSEAL_TRY(
        sys::result(sys::call(SYS_mincore, at, count * page, resident.data())));
    for (std::size_t i = 0; i < count;) {
      std::size_t first = i;
      while (i < count && (resident[i] & 1) != 0)
        ++i;
      if (i != first)
        MEMSEAL_TRY_VOID(rewriting.rewrite(
            *PageRange::create(at + first * page, (i - first) * page, page)));
      i += i == first ? 1 : 0;
    }
    at += count * page;
  }
  return {};
}

Result<void> make_lasting(std::span<const ToLast> ranges) {
  if (!is_worth_a_look(ranges))
    return {};
  const bool all_natively = std::ranges::all_of(ranges, &ToLast::natively);
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::with_seals);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping && mapping.error().code == Errc::malformed)
      continue;
    if (!mapping)
      return all_natively ? Result<void>() : std::unexpected(mapping.error());
    if (!*mapping || (*mapping)->range.begin() >= ranges.back().range.end())
      return {};
    const PageRange whole = (*mapping)->range;
    auto it = std::ranges::partition_point(ranges, [&](const ToLast &one) {
      return one.range.end() <= whole.begin();
    });
    for (; it != ranges.end() && it->range.begin() < whole.end(); ++it) {
      if (!it->natively || is_kept_natively(**mapping))
        MEMSEAL_TRY_VOID(make_last(**mapping, it->range.intersection(whole)));
    }
  }
}

}  // namespace memseal
