// SPDX-License-Identifier: Apache-2.0
// What the bytes are, and advice, which may destroy them. Linux 6.18:
// mm/madvise.c (do_madvise, madvise_walk_vmas, can_madvise_modify).
#include <linux/mman.h>

#include <cerrno>

#include "model/address_space.h"

namespace memseal::model {
namespace {

// <linux/mman.h> of older headers lacks the newest advice.
constexpr int advice_dontneed_locked = 24, advice_guard_install = 102,
              advice_guard_remove = 103, advice_poison = 100,
              advice_pageout = 21;

/// What mseal(2) calls destructive: mm/mseal.c is_discard before 6.17, now
/// mm/madvise.c.
bool kernel_calls_destructive(int advice) {
  switch (advice) {
    case MADV_FREE:
    case MADV_DONTNEED:
    case advice_dontneed_locked:
    case MADV_REMOVE:
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
    case advice_guard_install:
      return true;
    default:
      return false;
  }
}

/// S-36.
bool destructive(int advice) {
  return kernel_calls_destructive(advice) || advice == advice_poison ||
         advice == advice_guard_remove;
}

}  // namespace

std::uint64_t AddressSpace::file_value(std::uint64_t file_page) const {
  auto at = file_.find(file_page);
  return at == file_.end() ? 0 : at->second;
}

void AddressSpace::empty(Page &page) {
  page.own.reset();
  page.freed = page.unpredictable = false;
}

void AddressSpace::page_out(Page &page) {
  bool has_something = page.own.has_value() && *page.own != 0;
  if ((page.freed || page.droppable) && has_something)
    page.unpredictable = true;
}

int AddressSpace::advise_page(Page &page, int advice) {
  switch (advice) {
    case MADV_DONTNEED:
    case advice_dontneed_locked:
      empty(page);
      return 0;
    case MADV_FREE:
      if (page.backing != Backing::anonymous)
        return EINVAL;
      page.freed = true;
      return 0;
    case MADV_REMOVE:
      if (page.backing == Backing::anonymous)
        return EINVAL;
      if (page.backing != Backing::shared)
        return EACCES;
      file_[page.file_page] = 0;
      return 0;
    case advice_pageout:
      page_out(page);
      return 0;
    case MADV_DONTFORK:
    case MADV_DOFORK:
      page.not_in_child = advice == MADV_DONTFORK;
      return 0;
    case MADV_WIPEONFORK:
      if (page.backing != Backing::anonymous)
        return EINVAL;
      page.empty_in_child = true;
      return 0;
    case MADV_KEEPONFORK:
      if (page.droppable)
        return EINVAL;
      page.empty_in_child = false;
      return 0;
    case advice_guard_install:
      empty(page);
      page.guard = true;
      return 0;
    case advice_guard_remove:
      page.guard = false;
      return 0;
    default:
      return 0;
  }
}

Outcome AddressSpace::advise(Address at, std::uint64_t size, int advice) {
  if (!aligned(at))
    return bad_arguments(EINVAL, seal_type::discard);
  std::uint64_t whole = round_up(size);
  Address end = at + whole;
  if ((size != 0 && whole == 0) || end < at)
    return bad_arguments(EINVAL, seal_type::discard);
  if (size == 0)
    return {};
  if (destructive(advice) && filter_denies(at, size, seal_type::discard))
    return {EPERM};  // S-36
  // Holes are reported, but do not stop the walk; an error does.
  Address expected = at;
  bool hole = false;
  for (auto here = pages_.lower_bound(at);
       here != pages_.end() && here->first < end; ++here) {
    auto &[address, page] = *here;
    hole = hole || address != expected;
    if (kernel_calls_destructive(advice) &&
        page.backing == Backing::anonymous && !page.protection.writable() &&
        kernel_denies(address, seal_type::discard))
      return {EPERM};  // S-63
    if (int error = advise_page(page, advice); error != 0)
      return {error};
    expected = address + page_;
  }
  return {hole || expected < end ? ENOMEM : 0};
}

bool AddressSpace::write(Address at, std::uint64_t value) {
  auto here = pages_.find(at - at % page_);
  if (here == pages_.end())
    return false;
  Page &page = here->second;
  if (!page.protection.writable() || page.guard)
    return false;
  page.freed = page.unpredictable = false;
  if (page.backing == Backing::shared)
    file_[page.file_page] = value;
  else
    page.own = value;
  return true;
}

std::optional<std::uint64_t> AddressSpace::read(Address at) const {
  auto here = pages_.find(at - at % page_);
  if (here == pages_.end())
    return std::nullopt;
  const Page &page = here->second;
  if (!page.protection.readable() || page.guard || page.unpredictable)
    return std::nullopt;
  if (page.own)
    return page.own;
  return page.backing == Backing::anonymous ? 0 : file_value(page.file_page);
}

}  // namespace memseal::model
