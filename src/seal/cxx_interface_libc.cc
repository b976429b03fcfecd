// SPDX-License-Identifier: Apache-2.0
// memseal/cxx_interface.h in terms of seal.h.
#include "memseal/cxx_interface.h"

#include <span>

#include "memseal/seal.h"
#include "seal/seal_sites.h"

namespace memseal {
namespace {

std::uint64_t packed(Result<void> outcome) {
  if (outcome)
    return 0;
  Error error = outcome.error();
  return (std::uint64_t{static_cast<std::uint32_t>(error.sys_errno)} << 32) |
         (static_cast<std::uint64_t>(error.code) + 1);
}

static_assert(sizeof(SealRequest) == 2 * sizeof(void *) + 8);

}  // namespace
}  // namespace memseal

std::uint64_t memseal_cxx_seal(const void *requests, std::size_t count,
                               std::uint32_t engine) {
  using namespace memseal;
  auto wanted = Engine::from_bits(engine);
  if (wanted.bits() != engine || wanted.has(Engine::keeper))
    return packed(fail(Errc::invalid));
  std::span list(static_cast<const SealRequest *>(requests), count);
  auto sealed = seal(list, wanted);
  for (std::size_t i = 0; sealed && i < count; ++i)
    note_seal(list[i].range, SealedThing::pages, __builtin_return_address(0));
  return packed(sealed);
}

std::uint64_t memseal_cxx_harden(std::uint32_t level) {
  using namespace memseal;
  if (level > MEMSEAL_BASE_CLOSED)
    return packed(fail(Errc::invalid));
  return packed(harden(static_cast<BaseLevel>(level)));
}
