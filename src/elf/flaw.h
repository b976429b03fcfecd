// SPDX-License-Identifier: Apache-2.0
// What can be wrong with an ELF object.
#pragma once

#include <cstdint>

#include "base/refusable.h"

namespace memseal::elf {

/// Why an object is not taken at its word. Finer than Errc::malformed, since
/// whoever reads "not sealed" wants to know what to repair.
enum class Flaw : std::uint8_t {
  not_elf,           ///< the magic number is missing, or the header is cut off
  not_64_bit,        ///< ELFCLASS32: mseal(2) is for 64-bit processes only
  foreign_order,     ///< big-endian bytes
  bad_header,        ///< a version or an entry size that the format rules out
  headers_outside,   ///< the table of program headers leaves the bytes
  too_many_headers,  ///< more than any linker makes; a fixed table is full
  no_segments,       ///< nothing to load
  overflow,          ///< an address or offset that wraps
  misaligned,        ///< a segment that no loader could map
  overlapping,       ///< two segments on one page, or out of order
  size_lie,          ///< a segment longer in the file than in memory
  outside_file,      ///< a segment whose bytes are not in the file
  relro_outside,     ///< a RELRO range that is not inside one writable segment
  relro_twice,       ///< two RELRO ranges
  dynamic_outside,   ///< a dynamic section outside the segments, or two
  strings_outside,   ///< a name outside the string table
  text_relocations,  ///< DT_TEXTREL: its code is rewritten at every start
};

/// Static storage: a word for programs, "relro_twice", and for people.
const char *name(Flaw flaw);
const char *sentence(Flaw flaw);

}  // namespace memseal::elf
