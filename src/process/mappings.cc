// SPDX-License-Identifier: Apache-2.0
#include "process/mappings.h"

#include <algorithm>
#include <iterator>

namespace memseal::process {

Result<Mappings> Mappings::read(pid_t pid, sys::ReadSeals seals) {
  Mappings space;
  sys::MapsReader reader = sys::MapsReader::of_process(pid, seals);
  while (auto mapping = MEMSEAL_TRY(reader.next())) {
    if (space.names_.empty() || space.names_.back() != mapping->name)
      space.names_.emplace_back(mapping->name);
    mapping->name = space.names_.back();
    space.mappings_.push_back(*mapping);
  }
  return space;
}

const Mapping *Mappings::find(Address address) const {
  auto after = std::ranges::upper_bound(
      mappings_, address, {}, [](const Mapping &m) { return m.range.begin(); });
  if (after == mappings_.begin() || !std::prev(after)->range.contains(address))
    return nullptr;
  return &*std::prev(after);
}

bool Mappings::all_sealed(PageRange range) const {
  for (Address at = range.begin(); at < range.end();) {
    const Mapping *mapping = find(at);
    if (mapping == nullptr || mapping->seal != KernelSeal::present)
      return false;
    at = mapping->range.end();
  }
  return true;
}

}  // namespace memseal::process
