// SPDX-License-Identifier: Apache-2.0
#include "memseal/seal.h"

#include <algorithm>

#include "seal/commit.h"
#include "seal/register.h"
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
  if (const RegisterHeader *header = find_register())
    entry = read_entry(*header, at);
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
  return header == nullptr ? BaseLevel::none
                           : static_cast<BaseLevel>(header->base_level);
}

}  // namespace memseal
