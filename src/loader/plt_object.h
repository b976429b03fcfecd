// SPDX-License-Identifier: Apache-2.0
// What an object in memory tells of the slots that it calls others through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "elf/layout.h"
#include "elf/plt.h"
#include "loader/image.h"
#include "loader/slot_binding.h"

namespace memseal::loader {

/// One object at a time, in static memory: too big for a stack.
struct PltObject {
  elf::Layout layout;
  elf::ProgramHeaders headers;
  elf::PltRelocations relocations;
  LinkMap *map = nullptr;
  Address plt_got = 0;        ///< 0 if there are no words of the loader's
  elf::SlotSet writable;      ///< slots that lie among its data
  elf::SlotSet bound;         ///< of these, filled for good
  bool only_slots = false;    ///< of functions: nothing else needs the resolver
  bool all_writable = false;  ///< none is in RELRO

  /// Finds the slots that can be written to. Returns `none` if all is sound;
  /// there may be no such slots.
  Reason find_slots(const Image &image);

  /// Binds what is not bound yet, and fills `bound`. Returns why some are not
  /// in there: `slots_absent` or `slots_unbound`. Units: `file_words`: what the
  /// file has in the slots, as `writable` goes.
  Reason bind(const Binder &binder, std::span<const std::byte> file_words);

  /// Where in the file an address of the object lies. In the first and the last
  /// page of a segment that may be something of another, as in memory.
  std::optional<std::uint64_t> file_offset(Address address) const;
  /// Null if it lies in none.
  const elf::Part *part_at(Address address) const;
};

/// The word for a slot in the copy of a run of slots.
Address word_of(std::span<const std::byte> words, const elf::SlotSet &slots,
                Address slot);

}  // namespace memseal::loader
