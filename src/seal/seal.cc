// SPDX-License-Identifier: Apache-2.0
#include "memseal/seal.h"

#include <algorithm>

#include "seal/commit.h"
#include "seal/enforced.h"
#include "seal/register.h"
#include "sys/holes.h"
#include "sys/maps_reader.h"

namespace memseal {
namespace {

/// S-01.
Result<void> check_types(const SealRequest &request) {
  if ((request.types.bits & ~seal_type::all.bits) != 0)
    return fail(Errc::invalid);
  if (request.downgrade == Downgrade::allowed &&
      !request.types.has(seal_type::mprotect))
    return fail(Errc::invalid);
  return {};
}

/// Adds what the kernel itself says: a seal by somebody who called mseal(2) and
/// keeps no register, as the loader module does for speed. Says nothing where
/// /proc/self/smaps cannot be read.
void ask_kernel(Address at, RegisterEntry &entry) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::with_seals);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping && mapping.error().code == Errc::malformed)
      continue;
    if (!mapping || !*mapping || (*mapping)->range.begin() > at)
      return;
    if (!(*mapping)->range.contains(at))
      continue;
    if ((*mapping)->seal != KernelSeal::present)
      return;
    entry.begin =
        std::max<std::uint64_t>(entry.begin, (*mapping)->range.begin());
    entry.end = std::min<std::uint64_t>(entry.end, (*mapping)->range.end());
    entry.types = seal_type::all.bits;
    entry.flags = 0;
    entry.engine |= Engine::native.bits();
    return;
  }
}

/// Takes out of the entry what the kernel does not confirm: the register may be
/// a lie, or that of a process with which this one shares its memory, or a
/// forked child may lack pages.
void check_claims(Address at, bool deadly, RegisterEntry &entry) {
  const std::size_t page = sys::page_size();
  const Address here = at & ~(page - 1);
  SealTypes by_filter{entry.filter_types & ~seal_type::seal.bits};
  Downgrade downgrade = (entry.flags & flag_downgradable) != 0
                            ? Downgrade::allowed
                            : Downgrade::refused;
  bool filter_is = by_filter.empty() || deadly ||
                   filtered(here, by_filter, downgrade) == by_filter;
  bool native_is = !Engine::from_bits(entry.engine).has(Engine::native) ||
                   deadly || refuses_mremap(here);
  auto range = PageRange::create(entry.begin, entry.end - entry.begin, page);
  bool has_holes = range &&
                   Engine::from_bits(entry.engine).has(Engine::native) &&
                   !sys::check_mapped(*range);
  if (filter_is && native_is && !has_holes)
    return;
  entry.begin = here;
  entry.end = here + page;
  if (!filter_is) {
    entry.filter_types = 0;
    entry.engine &= ~Engine::filter.bits();
  }
  if (!native_is)
    entry.engine &= ~Engine::native.bits();
  entry.types = Engine::from_bits(entry.engine).has(Engine::native)
                    ? seal_type::all.bits
                    : entry.filter_types;
}

}  // namespace

Result<void> seal(std::span<const SealRequest> requests, Engine engine) {
  if (requests.empty())
    return {};
  for (const SealRequest &request : requests)
    MEMSEAL_TRY_VOID(check_types(request));
  return commit(requests, engine);
}

Result<void> seal(PageRange range, SealTypes types, Downgrade downgrade,
                  Engine engine) {
  SealRequest request{range, types, downgrade};
  return seal(std::span(&request, 1), engine);
}

SealState query(Address at) {
  RegisterEntry entry{0, ~std::uint64_t{0}, 0, 0, 0, 0};
  if (const RegisterHeader *header = find_register()) {
    entry = read_entry(*header, at);
    if (entry.types != 0)
      check_claims(at, header->deadly != 0, entry);
  }
  if (!Engine::from_bits(entry.engine).has(Engine::native))
    ask_kernel(at, entry);
  bool downgradable = (entry.flags & flag_downgradable) != 0;
  return {entry.begin,
          entry.end,
          SealTypes{entry.types},
          SealTypes{entry.filter_types},
          downgradable ? Downgrade::allowed : Downgrade::refused,
          Engine::from_bits(entry.engine)};
}

BaseLevel base_level() {
  const RegisterHeader *header = find_register();
  if (header == nullptr)
    return BaseLevel::none;
  for (BaseLevel level : {BaseLevel::closed, BaseLevel::compatible}) {
    if (header->base_level >= static_cast<std::uint32_t>(level) &&
        has_base_filter(level))
      return level;
  }
  return BaseLevel::none;
}

}  // namespace memseal
