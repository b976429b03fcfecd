// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "memseal/seal.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"

namespace memseal {
namespace {

/// The pages in which a batch keeps its requests. `memseal/seal.h` is for
/// users and does not know OwnedPages.
sys::OwnedPages pages_of(SealRequest *items, std::size_t capacity) {
  auto range =
      PageRange::covering(reinterpret_cast<Address>(items),
                          capacity * sizeof(SealRequest), sys::page_size());
  return range ? sys::OwnedPages::adopt(*range) : sys::OwnedPages();
}

}  // namespace

Batch::~Batch() {
  pages_of(items_, capacity_);
}

Result<void> Batch::add(const SealRequest &request) {
  if (size_ == capacity_) {
    auto bigger = MEMSEAL_TRY(sys::OwnedPages::create(
        std::max<std::size_t>(64, 2 * capacity_) * sizeof(SealRequest)));
    auto places = bigger.as<SealRequest>();
    std::uninitialized_copy_n(items_, size_, places.data());
    auto outgrown = pages_of(items_, capacity_);
    items_ = places.data();
    capacity_ = places.size();
    bigger.release();
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
