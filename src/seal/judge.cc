// SPDX-License-Identifier: Apache-2.0
#include "seal/judge.h"

#include <atomic>

#include "seal/own_mappings.h"
#include "sys/memory.h"

namespace memseal {
namespace {

/// S-06 and S-07 are one pass by address: the lower one decides.
Result<void> check_pages(const SealRequest &request,
                         std::optional<Address> hole, const SealTable &table) {
  auto closed =
      table.first_closed(request.range, request.types, request.downgrade);
  if (hole && (!closed || *hole <= *closed))
    return fail(Errc::hole);
  if (closed)
    return fail(Errc::closed);
  return {};
}

/// Asked once: a kernel does not change.
bool has_native() {
  static std::atomic<int> known{-1};
  int answer = known.load(std::memory_order_relaxed);
  if (answer < 0) {
    answer = sys::has_mseal() ? 1 : 0;
    known.store(answer, std::memory_order_relaxed);
  }
  return answer == 1;
}

/// The choice of S-60 and S-61.
Result<std::uint32_t> choose(const SealRequest &request, Engine engine) {
  bool indivisible = request.types == seal_type::all &&
                     request.downgrade == Downgrade::refused;
  switch (engine) {
    case Engine::automatic:
      return indivisible && has_native() ? engine_bit::native
                                         : engine_bit::filter;
    case Engine::native:
      if (!indivisible || !has_native())
        return fail(Errc::unsupported);
      return engine_bit::native;
    case Engine::filter:
      return engine_bit::filter;
    case Engine::strict:
      return indivisible && has_native()
                 ? engine_bit::native | engine_bit::filter
                 : engine_bit::filter;
  }
  return fail(Errc::invalid);
}

}  // namespace

Result<void> judge(const SealRequest &request, Engine engine,
                   std::optional<Address> hole,
                   std::optional<Protection> will_be, SealTable &table) {
  MEMSEAL_TRY_VOID(check_pages(request, hole, table));
  if (request.types.empty())
    return {};
  bool gains =
      table.would_gain(request.range, request.types, request.downgrade);
  std::uint32_t engines = MEMSEAL_TRY(choose(request, engine));
  if (!gains && engine == Engine::automatic)
    return {};
  if (gains && request.downgrade == Downgrade::allowed)
    MEMSEAL_TRY_VOID(will_be ? check_lowerable(*will_be)
                             : check_lowerable(request.range));
  return table.add({request.range, request.types, request.downgrade, engines});
}

}  // namespace memseal
