// SPDX-License-Identifier: Apache-2.0
#include "seal/judge.h"

#include <algorithm>
#include <atomic>

#include "seal/enforced.h"
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

/// What the kernel does not confirm of what the table says about the page. What
/// this commit is going to do, it cannot know yet.
Engine unconfirmed(Address page, const RegisterEntry &entry, SealTypes asked,
                   Engine redone, const RegisterHeader &header) {
  SealTypes by_filter = asked & SealTypes{entry.filter_types};
  Downgrade downgrade = (entry.flags & flag_downgradable) != 0
                            ? Downgrade::allowed
                            : Downgrade::refused;
  bool is_due = (entry.flags & flag_filter_due) != 0;
  if (!by_filter.empty() && !is_due &&
      (header.deadly != 0 || filtered(page, by_filter, downgrade) != by_filter))
    return Engine::filter;
  bool by_native =
      Engine::from_bits(entry.engine).without(redone).has(Engine::native) &&
      (entry.flags & flag_native_due) == 0;
  if (by_native && (header.deadly != 0 || !refuses_mremap(page)))
    return Engine::native;
  return {};
}

/// Takes out of the table what is not so (seal/enforced.h). `redone`: the
/// engines that will act whatever the table says.
Result<void> check_claims(const SealRequest &request, Engine redone,
                          const RegisterHeader &header, SealTable &table) {
  const SealTypes asked{request.types.bits & ~seal_type::seal.bits};
  Address at = request.range.begin();
  while (at < request.range.end()) {
    auto entry = table.first_from(at);
    if (!entry || entry->begin >= request.range.end())
      break;
    at = std::max<Address>(at, entry->begin);
    const Address end = std::min<Address>(entry->end, request.range.end());
    Engine wrong;
    for (Address page = at; page < end && wrong.empty();
         page += sys::page_size())
      wrong = unconfirmed(page, *entry, asked, redone, header);
    if (wrong.empty())
      at = end;
    else  // and what remains of the entry is looked at again
      MEMSEAL_TRY_VOID(table.disclaim(
          *PageRange::create(at, end - at, sys::page_size()), wrong));
  }
  return {};
}

Result<void> check_pages_lowerable(PageRange range, LowerableMap &protections) {
  if (!protections.has_been_read())
    MEMSEAL_TRY_VOID(protections.read());
  return protections.check(range);
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
                   std::optional<Protection> will_be, LowerableMap &protections,
                   const RegisterHeader &header, SealTable &table) {
  Result<Engine> choice = choose(request, engine);
  MEMSEAL_TRY_VOID(check_claims(
      request,
      choice && choice->has(Engine::native) ? Engine::native : Engine(), header,
      table));
  MEMSEAL_TRY_VOID(check_pages(request, hole, table));
  if (request.types.empty())
    return {};
  bool gains =
      table.would_gain(request.range, request.types, request.downgrade);
  Engine engines = MEMSEAL_TRY(choice);
  if (!gains && engine == Engine::automatic)
    return {};
  if (gains && request.downgrade == Downgrade::allowed)
    MEMSEAL_TRY_VOID(will_be
                         ? check_lowerable(*will_be)
                         : check_pages_lowerable(request.range, protections));
  return table.add({request.range, request.types, request.downgrade, engines});
}

}  // namespace memseal
