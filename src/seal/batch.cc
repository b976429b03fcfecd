// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "memseal/seal.h"
#include "sys/memory.h"

namespace memseal {
namespace {

Result<PageRange> memory_for(std::size_t count) {
  return sys::map_anonymous(count * sizeof(SealRequest));
}

}  // namespace

Batch::~Batch() {
  if (items_ == nullptr)
    return;
  auto memory =
      PageRange::covering(reinterpret_cast<Address>(items_),
                          capacity_ * sizeof(SealRequest), sys::page_size());
  if (memory)
    (void)sys::unmap(*memory);
}

Result<void> Batch::add(const SealRequest &request) {
  if (size_ == capacity_) {
    std::size_t wanted = std::max<std::size_t>(64, 2 * capacity_);
    PageRange memory = MEMSEAL_TRY(memory_for(wanted));
    auto *items = reinterpret_cast<SealRequest *>(memory.begin());
    std::uninitialized_copy_n(items_, size_, items);
    this->~Batch();
    items_ = items;
    capacity_ = wanted;
  }
  std::construct_at(items_ + size_++, request);
  return {};
}

Result<void> Batch::commit(Engine engine) {
  MEMSEAL_TRY_VOID(seal(requests(), engine));
  size_ = 0;
  return {};
}

}  // namespace memseal
