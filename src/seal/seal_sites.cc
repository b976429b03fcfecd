// SPDX-License-Identifier: Apache-2.0
#include "seal/seal_sites.h"

#include <algorithm>
#include <atomic>

#include "sys/owned_pages.h"

namespace memseal {
namespace {

constexpr std::size_t most = 65536;

/// Pages that are never written to cost addresses only.
struct Table {
  std::atomic<std::size_t> taken;
  struct Entry {
    std::atomic<bool> whole;
    SealSite site;
  } entries[most];
};

constinit std::atomic<Table *> table = nullptr;

}  // namespace

Result<void> note_seal_sites() {
  if (table.load() != nullptr)
    return {};
  auto memory = MEMSEAL_TRY(sys::OwnedPages::create(sizeof(Table)));
  auto *fresh = reinterpret_cast<Table *>(memory.range()->begin());
  Table *none = nullptr;
  if (table.compare_exchange_strong(none, fresh))
    memory.release();
  return {};
}

void note_seal(PageRange range, SealedThing thing, const void *return_address) {
  Table *sites = table.load();
  if (sites == nullptr)
    return;
  std::size_t at = sites->taken.fetch_add(1);
  if (at >= most)
    return;
  sites->entries[at].site = {range.begin(), range.end(),
                             reinterpret_cast<Address>(return_address) - 1,
                             thing};
  sites->entries[at].whole = true;
}

std::optional<SealSite> find_seal_site(Address at) {
  const Table *sites = table.load();
  if (sites == nullptr)
    return std::nullopt;
  for (std::size_t i = std::min(sites->taken.load(), most); i-- > 0;) {
    const Table::Entry &entry = sites->entries[i];
    if (entry.whole && entry.site.begin <= at && at < entry.site.end)
      return entry.site;
  }
  return std::nullopt;
}

}  // namespace memseal
