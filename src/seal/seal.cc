// SPDX-License-Identifier: Apache-2.0
#include "memseal/seal.h"

#include "sys/memory.h"

namespace memseal {

Result<void> seal(std::span<const SealRequest> requests, Engine engine) {
  if (engine == Engine::filter || engine == Engine::strict)
    return fail(Errc::unsupported);
  for (const SealRequest &request : requests) {
    if (request.types != seal_type::all ||
        request.downgrade == Downgrade::allowed)
      return fail(Errc::unsupported);
  }
  for (const SealRequest &request : requests)
    MEMSEAL_TRY_VOID(sys::mseal(request.range));
  return {};
}

}  // namespace memseal
