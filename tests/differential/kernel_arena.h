// SPDX-License-Identifier: Apache-2.0
// The real memory that a random program works on, in a process of its own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "differential/program.h"
#include "memseal/page_range.h"
#include "vm/mapping.h"

namespace memseal::differential {

/// One page as the kernel shows it.
struct SeenPage {
  Protection protection;
  Sharing sharing;
  bool has_file;
};

/// A call as it enters the kernel.
struct Call {
  long number;
  std::uint64_t arguments[6];
};

class KernelArena {
public:
  /// Nothing is mapped there yet.
  explicit KernelArena(std::uintptr_t base);

  Address at(int index) const {
    return base_ + static_cast<Address>(index) * page;
  }
  /// The system call that a step stands for; none for write and seal.
  std::optional<Call> call_of(const Step &step) const;
  /// Makes the call: -errno or the value.
  long make(const Call &call) const;
  void write(Address at, std::uint64_t value) const;

  /// Every page that is mapped in the arena and its surroundings.
  std::map<Address, SeenPage> look() const;
  /// The first word of a page; nothing if it cannot be read.
  std::optional<std::uint64_t> peek(Address at) const;

private:
  std::uintptr_t base_;
  int file_, memory_;
};

/// The file page that a mapping at this address starts with: offset and address
/// are aligned alike, as a file of huge pages would want it (S-33).
constexpr std::uint64_t file_pages_in_1_gib = 0x40000;
constexpr std::uint64_t file_page_of(Address at) {
  return at / page % file_pages_in_1_gib;
}
/// What the file page of arena page `index` holds at first.
constexpr std::uint64_t file_word(int index) {
  return 0x1000u + static_cast<unsigned>(index);
}

}  // namespace memseal::differential
