// SPDX-License-Identifier: Apache-2.0
#include "elf/plt.h"

#include <cstring>
#include <initializer_list>

#include "base/assert.h"

namespace memseal::elf {

Elf64_Rela PltRelocations::operator[](std::size_t i) const {
  MEMSEAL_ASSERT(i < size());
  Elf64_Rela entry;
  std::memcpy(&entry, table_.data() + i * sizeof entry, sizeof entry);
  return entry;
}

bool SlotSet::start(Address begin, std::size_t count) {
  begin_ = begin;
  words_ = size_ = 0;
  if (count > capacity)
    return false;
  words_ = count;
  // No more than is used: it is a large table.
  std::memset(bits_, 0, (count + 63) / 64 * sizeof bits_[0]);
  return true;
}

bool SlotSet::has(Address slot) const {
  if (!is_word(slot))
    return false;
  const std::size_t i = (slot - begin_) / 8;
  return (bits_[i / 64] >> (i % 64) & 1) != 0;
}

void SlotSet::add(Address slot) {
  MEMSEAL_ASSERT(is_word(slot));
  const std::size_t i = (slot - begin_) / 8;
  const std::uint64_t bit = std::uint64_t{1} << (i % 64);
  size_ += (bits_[i / 64] & bit) == 0 ? 1 : 0;
  bits_[i / 64] |= bit;
}

}  // namespace memseal::elf
