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

/// The choice of S-60 and S-61. mseal(2) is tried only where it is asked for: a
/// foreign filter may kill for it.
Result<Engine> choose(const SealRequest &request, Engine wanted) {
  if (wanted.has(Engine::keeper))
    return fail(Errc::unsupported);
  if (wanted == Engine::filter)
    return wanted;
  bool can_be_native = request.types == seal_type::all &&
                       request.downgrade == Downgrade::refused && has_native();
  if (wanted == Engine::automatic)
    return can_be_native ? Engine::native : Engine::filter;
  if (can_be_native)
    return wanted;
  if (wanted == Engine::native)
    return fail(Errc::unsupported);
  return wanted.without(Engine::native);
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
  Engine engines = MEMSEAL_TRY(choose(request, engine));
  if (!gains && engine == Engine::automatic)
    return {};
  if (gains && request.downgrade == Downgrade::allowed)
    MEMSEAL_TRY_VOID(will_be ? check_lowerable(*will_be)
                             : check_lowerable(request.range));
  return table.add({request.range, request.types, request.downgrade, engines});
}

}  // namespace memseal
