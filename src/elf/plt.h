// SPDX-License-Identifier: Apache-2.0
// Stubs of the procedure linkage table, in code.
//
// Background. An object calls a function of another through a stub of a few
// instructions: a jump to where a word of its data, the slot, points. Linkers
// make stubs of several shapes; section headers, which would tell where they
// lie, are often stripped.
//
// Idea. A stub is known by what it does: at a place where stubs begin stands a
// jump through a word that the object's relocations (DT_JMPREL) name as a slot.
// Whatever else that code may be, to jump through a copy of the slot that holds
// the same address does the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "elf/headers.h"
#include "memseal/page_range.h"

namespace memseal::elf {

/// Code that lies at an address.
struct Code {
  Bytes bytes;
  Address begin = 0;
};

/// A jump through a slot.
struct Stub {
  std::size_t at = 0;  ///< what is changed to point it elsewhere: bytes from
                       ///< the beginning of the code
  Address slot = 0;    ///< the word that it jumps through
};

/// The stub that begins at `offset`, if one does; any slot will do.
///
/// Units:   bytes from the beginning of the code.
/// Source:  System V ABI, AMD64 supplement, 5.2 and 13 (IBT); the layouts of
///          GNU ld (bfd/elfxx-x86.c), gold, lld (ELF/Arch/X86_64.cpp) and mold.
std::optional<Stub> read_stub_x86_64(Code code, std::size_t offset);
/// Stubs begin at multiples of this.
inline constexpr std::size_t stub_step_x86_64 = 8;

/// Makes it jump through `slot` instead. Returns false, and changes nothing, if
/// that is out of its reach: 2 GiB from the stub.
/// Needs: `code` is what the stub was read in, or a copy of it.
bool point_stub_x86_64(std::span<std::byte> code, Address begin, Stub stub,
                       Address slot);

/// The first entry of the table (PLT0) enters the loader's resolver, which it
/// finds through the words behind DT_PLTGOT. Its size, if it begins at
/// `offset`; else 0.
std::size_t read_resolver_stub_x86_64(Code code, std::size_t offset,
                                      Address plt_got);

/// An instruction that ends the process.
inline constexpr std::byte trap_byte_x86_64{0xcc};

/// The same for arm64: adrp, ldr, add, br, with or without bti before them.
/// Reach: 4 GiB.
/// Source: ELF for the Arm 64-bit Architecture, "Procedure Linkage Table";
///         lld, ELF/Arch/AArch64.cpp.
std::optional<Stub> read_stub_aarch64(Code code, std::size_t offset);
inline constexpr std::size_t stub_step_aarch64 = 4;
bool point_stub_aarch64(std::span<std::byte> code, Address begin, Stub stub,
                        Address slot);

#if defined(__x86_64__)
inline constexpr std::size_t stub_step = stub_step_x86_64;
inline constexpr auto read_stub = read_stub_x86_64;
inline constexpr std::size_t stub_size = 4;  // what is changed of it
inline constexpr auto point_stub = point_stub_x86_64;
inline constexpr auto read_resolver_stub = read_resolver_stub_x86_64;
inline constexpr std::byte trap_byte = trap_byte_x86_64;
#else
inline constexpr std::size_t stub_step = stub_step_aarch64;
inline constexpr auto read_stub = read_stub_aarch64;
inline constexpr std::size_t stub_size = 16;
inline constexpr auto point_stub = point_stub_aarch64;
// Not yet: nothing is bound here on arm64.
inline std::size_t read_resolver_stub(Code, std::size_t, Address) {
  return 0;
}
inline constexpr std::byte trap_byte{0};
#endif

/// Relocations of DT_JMPREL (DT_RELA form).
class PltRelocations {
public:
  PltRelocations() = default;
  /// What is no whole entry is left out.
  explicit PltRelocations(Bytes table) : table_(table) {}

  std::size_t size() const { return table_.size() / sizeof(Elf64_Rela); }
  /// Needs: i < size().
  Elf64_Rela operator[](std::size_t i) const;

private:
  Bytes table_;
};

/// Some of the words in a run of them.
class SlotSet {
public:
  static constexpr std::size_t capacity = 32768;

  /// Takes up a run, with none of its words in the set. Returns false, and
  /// holds nothing, if it is too long.
  /// Units: `begin` is a multiple of 8; `count`: words.
  bool start(Address begin, std::size_t count);

  /// Whether it is in the set: false for what is no word of the run.
  bool has(Address slot) const;
  /// Needs: `slot` is a word of the run.
  void add(Address slot);

  std::size_t size() const { return size_; }
  Address begin() const { return begin_; }
  std::size_t words() const { return words_; }

private:
  bool is_word(Address slot) const {
    return slot >= begin_ && (slot - begin_) % 8 == 0 &&
           (slot - begin_) / 8 < words_;
  }
  Address begin_ = 0;
  std::size_t words_ = 0;
  std::size_t size_ = 0;
  std::uint64_t bits_[capacity / 64]{};
};

}  // namespace memseal::elf
