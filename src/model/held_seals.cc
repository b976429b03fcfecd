// SPDX-License-Identifier: Apache-2.0
#include "model/held_seals.h"

#include <limits>

namespace memseal::model {

Touched touched_by(Address begin, std::uint64_t size, std::uint64_t page) {
  Address first = begin - begin % page;
  Address last = begin + (size - 1);
  if (last < begin)
    last = std::numeric_limits<Address>::max();
  return {first, last};
}

std::optional<Address> HeldSeals::first_sealed_page_in(Touched pages,
                                                       SealTypes type,
                                                       Change change) const {
  for (auto at = held_.lower_bound(pages.first - pages.first % page_);
       at != held_.end() && at->first <= pages.last; ++at) {
    const Held &held = at->second;
    if (!held.types.any_of(type))
      continue;
    if (type == seal_type::mprotect && held.lowerable &&
        change == Change::lowering_to_read)
      continue;
    return at->first;
  }
  return std::nullopt;
}

bool HeldSeals::any_page_holds(SealTypes type) const {
  for (const auto &[page, held] : held_)
    if (held.types.any_of(type))
      return true;
  return false;
}

bool HeldSeals::would_gain(Address page, Held wanted) const {
  auto at = held_.find(page);
  SealTypes has = at == held_.end() ? SealTypes{} : at->second.types;
  if (!has.has(wanted.types))
    return true;
  return wanted.types.has(seal_type::mprotect) && !wanted.lowerable &&
         at != held_.end() && at->second.lowerable;
}

bool HeldSeals::closed(Address page) const {
  auto at = held_.find(page);
  return at != held_.end() && at->second.types.has(seal_type::seal);
}

void HeldSeals::add(Address page, Held wanted) {
  Held &held = held_[page];
  if (wanted.types.has(seal_type::mprotect)) {
    bool was_immutable = held.types.has(seal_type::mprotect) && !held.lowerable;
    held.lowerable = wanted.lowerable && !was_immutable;
  }
  held.types = held.types | wanted.types;
}

}  // namespace memseal::model
