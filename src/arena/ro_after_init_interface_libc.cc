// SPDX-License-Identifier: Apache-2.0
// memseal/memseal_ro_after_init.h: variables become read-only and sealed.
#include <algorithm>
#include <cerrno>
#include <span>

#include "memseal/memseal_ro_after_init.h"
#include "memseal/seal.h"
#include "seal/engine_flags.h"
#include "seal/own_mappings.h"
#include "seal/seal_sites.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"

namespace memseal {
namespace {

/// Whether every page holds all types.
bool holds_all(PageRange range) {
  for (Address at = range.begin(); at < range.end();) {
    SealState state = query(at);
    if (!state.types.has(seal_type::all) || state.end <= at)
      return false;
    at = state.end;
  }
  return true;
}

/// Whether all of it is mapped and no page can be written to.
bool is_read_only(PageRange range) {
  sys::OwnedList<ProtectedRange> found;
  if (!read_protections(range, found))
    return false;
  return std::ranges::none_of(found.view(), [](const ProtectedRange &part) {
    return part.protection.writable();
  });
}

/// Seals what is not; `protected_now` tells how many of the ranges, from the
/// first, have lost their writability for it.
Result<void> protect_and_seal(std::span<const SealRequest> requests,
                              Engine engine, std::size_t &protected_now) {
  for (const SealRequest &request : requests) {
    MEMSEAL_TRY_VOID(sys::protect(request.range, {Protection::read}));
    ++protected_now;
  }
  return seal(requests, engine);
}

Result<void> seal_variables(std::span<const memseal_range> ranges,
                            unsigned flags) {
  if ((flags & ~MEMSEAL_ENGINES) != 0)
    return fail(Errc::invalid);
  sys::OwnedList<SealRequest> open;
  bool some = false;
  for (const memseal_range &one : ranges) {
    if (one.len == 0)
      continue;
    some = true;
    auto range = PageRange::create(reinterpret_cast<Address>(one.addr), one.len,
                                   sys::page_size());
    if (!range)
      return fail(Errc::misplaced);
    if (!(is_read_only(*range) && holds_all(*range)))
      MEMSEAL_TRY_VOID(open.push_back({.range = *range}));
  }
  if (!some)
    return fail(Errc::no_variables);
  if (open.empty())
    return {};
  std::size_t protected_now = 0;
  auto done = protect_and_seal(open.view(), engine_of(flags), protected_now);
  if (!done)
    for (const SealRequest &request : open.view().first(protected_now))
      (void)sys::protect(request.range, {Protection::read | Protection::write});
  return done;
}

}  // namespace
}  // namespace memseal

int memseal_seal_variables(const struct memseal_range *ranges, size_t count,
                           unsigned flags) {
  auto done = memseal::seal_variables({ranges, count}, flags);
  for (size_t i = 0; done && i < count; ++i) {
    auto range = memseal::PageRange::create(
        reinterpret_cast<memseal::Address>(ranges[i].addr), ranges[i].len,
        memseal::sys::page_size());
    if (range)
      note_seal(*range, memseal::SealedThing::variables,
                __builtin_return_address(0));
  }
  if (done)
    return 0;
  errno = done.error().to_errno();
  return -1;
}

int memseal_is_sealed(const void *addr, size_t size) {
  auto range =
      memseal::PageRange::covering(reinterpret_cast<memseal::Address>(addr),
                                   size, memseal::sys::page_size());
  return range && memseal::is_read_only(*range) && memseal::holds_all(*range);
}
