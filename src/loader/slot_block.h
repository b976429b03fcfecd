// SPDX-License-Identifier: Apache-2.0
// Memory in which slots and pages of stubs are prepared, and from which the
// pages are moved to where they belong. The slots stay.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/inline_vector.h"
#include "memseal/page_range.h"

namespace memseal::loader {

/// Room that an object may need at most.
struct SlotRoom {
  std::size_t slots = 0;  ///< bytes
  std::size_t pages = 0;  ///< of stubs
};

/// One mapping: slots first, then pages of stubs. Nothing outside of it changes
/// before `move`.
class SlotBlock {
public:
  /// How far two of its users may lie apart: a stub's reach, with some to
  /// spare.
  static constexpr std::size_t reach = (std::size_t{1} << 31) - (1 << 20);

  /// Whether it is there, has the room, and lies in reach of all of an object.
  bool serves(PageRange object, SlotRoom room) const;

  /// A mapping in reach of the object: where the kernel has room, else below
  /// the object. Errors: system; unsupported if there is no room in reach.
  /// Needs: nothing is prepared that was not moved.
  Result<void> map_for(PageRange object, SlotRoom room);

  /// Room for slots, within what `serves` was asked about.
  std::span<std::byte> take_slots(std::size_t size);

  /// A page that is to be moved over `to`.
  /// Errors: capacity: more than was asked for.
  Result<std::span<std::byte>> take_page(Address to);

  struct Mark {
    std::size_t slots, pages, runs;
  };
  Mark mark() const { return {slots_, pages_, runs_.size()}; }
  /// Forgets what was taken since.
  void go_back(Mark mark);

  /// Makes slots read-only, pages executable, and moves the pages. What is not
  /// used is unmapped. Errors: system; ask `has_moved` for what was by then.
  Result<void> move();

  /// Whether all pages that had been taken before `mark` are in place now.
  bool has_moved(Mark mark) const { return moved_runs_ >= mark.runs; }

  /// Where its slots lie. Needs: some were taken.
  PageRange slots() const;

private:
  struct Run {
    std::size_t pages;
    Address to;
  };
  Result<void> make_ready();
  void unmap_rest(std::size_t moved_pages);
  Address pages_begin() const { return range_->begin() + slots_room_; }

  std::optional<PageRange> range_{};
  bool in_hand_ = false;        ///< mapped, and not moved yet
  std::size_t slots_room_ = 0;  ///< bytes, whole pages
  std::size_t slots_ = 0, pages_ = 0;
  InlineVector<Run, 1024> runs_;
  std::size_t moved_runs_ = 0;
};

}  // namespace memseal::loader
