// SPDX-License-Identifier: Apache-2.0
// The ELF header and the table of program headers, of a file or in memory.
#pragma once

#include <elf.h>

#include <cstddef>
#include <span>

#include "elf/flaw.h"

namespace memseal::elf {

using Bytes = std::span<const std::byte>;

/// The table of program headers, wherever it lies. Entries are copied out, so
/// it need not be aligned.
class ProgramHeaders {
public:
  ProgramHeaders() = default;

  /// `table` holds `count` entries of Elf64_Phdr, as AT_PHDR and AT_PHNUM tell.
  /// Errors: headers_outside.
  static Refusable<ProgramHeaders, Flaw> create(Bytes table, std::size_t count);

  std::size_t size() const { return count_; }
  /// Needs: i < size().
  Elf64_Phdr operator[](std::size_t i) const;

  /// The first entry of a type. `found` tells whether there is one: an entry
  /// of zeros stands for none.
  Elf64_Phdr first(Elf64_Word type) const;
  bool has(Elf64_Word type) const { return first(type).p_type == type; }

private:
  ProgramHeaders(Bytes table, std::size_t count)
      : table_(table), count_(count) {}
  Bytes table_;
  std::size_t count_ = 0;
};

/// The ELF header, checked as far as it can be without the rest.
///
/// Errors:  not_elf, not_64_bit, foreign_order, bad_header. The machine is not
///          judged: the caller compares e_machine with its own.
Refusable<Elf64_Ehdr, Flaw> read_header(Bytes image);

/// The end of the table of section headers, which linkers and strippers put
/// last into a file: the file's size. 0 if there is no such table.
std::size_t file_size(const Elf64_Ehdr &header);

/// The program headers of an image that begins with its ELF header: a file, or
/// an object in memory whose first segment holds both.
/// Errors: as read_header, and headers_outside.
Refusable<ProgramHeaders, Flaw> read_program_headers(Bytes image);

}  // namespace memseal::elf
