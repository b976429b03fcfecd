// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sealed_list.h"

#include <algorithm>

namespace memseal::supervisor {

bool SealedList::add(SealedPart part) {
  auto holds = [&](const SealedPart &one) {
    return one.part == part.part && one.range.contains(part.range);
  };
  if (std::ranges::any_of(parts(), holds))
    return false;
  if (log_->size() != size_)
    log_ = std::make_shared<std::vector<SealedPart>>(parts().begin(),
                                                     parts().end());
  log_->push_back(part);
  ++size_;
  return true;
}

void SealedList::remove(PageRange range) {
  auto left = std::make_shared<std::vector<SealedPart>>();
  for (const SealedPart &one : parts()) {
    if (!range.contains(one.range))
      left->push_back(one);
  }
  log_ = std::move(left);
  size_ = log_->size();
}

}  // namespace memseal::supervisor
