// SPDX-License-Identifier: Apache-2.0
#include "memseal/seal.h"

#include "seal/commit.h"
#include "seal/register.h"
#include "sys/memory.h"

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

Engine engine_of(const RegisterEntry &entry) {
  switch (entry.engine) {
    case 0:
      return Engine::automatic;
    case engine_bit::native:
      return Engine::native;
    case engine_bit::filter:
      return Engine::filter;
    default:
      return Engine::strict;
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
  bool downgradable = (entry.flags & flag_downgradable) != 0;
  return {entry.begin,
          entry.end,
          SealTypes{entry.types},
          SealTypes{entry.filter_types},
          downgradable ? Downgrade::allowed : Downgrade::refused,
          engine_of(entry)};
}

BaseLevel base_level() {
  const RegisterHeader *header = find_register();
  return header == nullptr ? BaseLevel::none
                           : static_cast<BaseLevel>(header->base_level);
}

}  // namespace memseal
