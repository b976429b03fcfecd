// SPDX-License-Identifier: Apache-2.0
#include "loader/slot_block.h"

#include <algorithm>
#include <utility>

#include "sys/memory.h"

namespace memseal::loader {
namespace {

/// What one mapping is made for where objects share it.
constexpr SlotRoom usual{.slots = std::size_t{8} * 4096, .pages = 48};

std::size_t whole_pages(std::size_t size) {
  const std::size_t page = sys::page_size();
  return (size + page - 1) & ~(page - 1);
}

bool in_reach(PageRange block, PageRange object) {
  return std::max(block.end(), object.end()) -
             std::min(block.begin(), object.begin()) <
         SlotBlock::reach;
}

/// Nothing may be mapped below a program, and so it need not be asked where
/// there is room: near, or farther if somebody is there.
std::optional<PageRange> map_below(PageRange object, std::size_t size) {
  constexpr Address lowest = Address{64} * 1024;  // vm.mmap_min_addr
  for (std::size_t gap :
       {std::size_t{0}, std::size_t{1} << 20, std::size_t{1} << 24,
        std::size_t{1} << 27, std::size_t{1} << 29, std::size_t{1} << 30}) {
    if (object.begin() < lowest + size + gap)
      return std::nullopt;
    auto at =
        PageRange::create(object.begin() - size - gap, size, sys::page_size());
    if (at && in_reach(*at, object) && sys::map_at(*at))
      return *at;
  }
  return std::nullopt;
}

}  // namespace

bool SlotBlock::serves(PageRange object, SlotRoom room) const {
  return in_hand_ && in_reach(*range_, object) &&
         slots_ + room.slots <= slots_room_ &&
         pages_begin() + (pages_ + room.pages) * sys::page_size() <=
             range_->end() &&
         runs_.size() + room.pages <= decltype(runs_)::capacity();
}

Result<void> SlotBlock::map_for(PageRange object, SlotRoom room) {
  in_hand_ = false;
  range_.reset();
  slots_ = pages_ = moved_runs_ = 0;
  runs_.clear();
  if (object.size() >= reach)
    return fail(Errc::unsupported);
  const std::size_t page = sys::page_size();
  slots_room_ = whole_pages(std::max(room.slots, usual.slots));
  const std::size_t size =
      slots_room_ + std::max(room.pages, usual.pages) * page;
  PageRange mapped = MEMSEAL_TRY(sys::map_anonymous(size));
  if (!in_reach(mapped, object)) {
    static_cast<void>(sys::unmap(mapped));
    slots_room_ = whole_pages(room.slots);
    auto below = map_below(object, slots_room_ + room.pages * page);
    if (!below)
      return fail(Errc::unsupported);
    mapped = *below;
  }
  range_ = mapped;
  in_hand_ = true;
  return {};
}

std::span<std::byte> SlotBlock::take_slots(std::size_t size) {
  MEMSEAL_ASSERT(slots_ + size <= slots_room_);
  auto *begin = reinterpret_cast<std::byte *>(range_->begin() + slots_);
  slots_ += size;
  return {begin, size};
}

Result<std::span<std::byte>> SlotBlock::take_page(Address to) {
  const std::size_t page = sys::page_size();
  const Address at = pages_begin() + pages_ * page;
  if (at >= range_->end())
    return fail(Errc::capacity);
  if (!runs_.empty() && runs_.back().to + runs_.back().pages * page == to)
    ++runs_.back().pages;
  else if (!runs_.push_back({1, to}))
    return fail(Errc::capacity);
  ++pages_;
  return std::span(reinterpret_cast<std::byte *>(at), page);
}

void SlotBlock::go_back(Mark mark) {
  slots_ = mark.slots;
  std::size_t pages = pages_;
  while (runs_.size() > mark.runs) {
    pages -= runs_.back().pages;
    runs_.pop_back();
  }
  // The last of the older runs may have been made longer.
  if (pages > mark.pages)
    runs_.back().pages -= pages - mark.pages;
  pages_ = mark.pages;
}

PageRange SlotBlock::slots() const {
  return *PageRange::create(range_->begin(), whole_pages(slots_), 1);
}

Result<void> SlotBlock::make_ready() {
  const PageRange code = *PageRange::create(
      pages_begin(), pages_ * sys::page_size(), sys::page_size());
  MEMSEAL_TRY_VOID(sys::protect(code, {Protection::read | Protection::exec}));
  return sys::protect(slots(), {Protection::read});
}

void SlotBlock::unmap_rest(std::size_t moved_pages) {
  const auto unmap = [](Address begin, Address end) {
    if (begin < end)
      static_cast<void>(sys::unmap(*PageRange::create(begin, end - begin, 1)));
  };
  // Slots that pages lead to stay, whatever happens. Where pages were moved
  // away somebody else may have mapped something.
  unmap(moved_pages > 0 ? slots().end() : range_->begin(), pages_begin());
  unmap(pages_begin() + moved_pages * sys::page_size(), range_->end());
}

Result<void> SlotBlock::move() {
  if (!std::exchange(in_hand_, false))
    return {};
  Result<void> done;
  std::size_t moved_pages = 0;
  if (pages_ > 0)
    done = make_ready();
  for (const Run &run : runs_) {
    const std::size_t size = run.pages * sys::page_size();
    const Address from = pages_begin() + moved_pages * sys::page_size();
    if (done)
      done = sys::move(*PageRange::create(from, size, 1), run.to);
    if (!done)
      break;
    ++moved_runs_;
    moved_pages += run.pages;
  }
  unmap_rest(moved_pages);
  return done;
}

}  // namespace memseal::loader
