// SPDX-License-Identifier: Apache-2.0
#include "elf/flaw.h"

namespace memseal::elf {

const char *name(Flaw flaw) {
  switch (flaw) {
    case Flaw::not_elf:
      return "not_elf";
    case Flaw::not_64_bit:
      return "not_64_bit";
    case Flaw::foreign_order:
      return "foreign_order";
    case Flaw::bad_header:
      return "bad_header";
    case Flaw::headers_outside:
      return "headers_outside";
    case Flaw::too_many_headers:
      return "too_many_headers";
    case Flaw::no_segments:
      return "no_segments";
    case Flaw::overflow:
      return "overflow";
    case Flaw::misaligned:
      return "misaligned";
    case Flaw::overlapping:
      return "overlapping";
    case Flaw::size_lie:
      return "size_lie";
    case Flaw::outside_file:
      return "outside_file";
    case Flaw::relro_outside:
      return "relro_outside";
    case Flaw::relro_twice:
      return "relro_twice";
    case Flaw::dynamic_outside:
      return "dynamic_outside";
    case Flaw::strings_outside:
      return "strings_outside";
    case Flaw::text_relocations:
      return "text_relocations";
  }
  return "unknown";
}

const char *sentence(Flaw flaw) {
  switch (flaw) {
    case Flaw::not_elf:
      return "it is not an ELF file";
    case Flaw::not_64_bit:
      return "it is a 32-bit ELF file";
    case Flaw::foreign_order:
      return "its bytes are in big-endian order";
    case Flaw::bad_header:
      return "its ELF header is not valid";
    case Flaw::headers_outside:
      return "its program headers lie outside the file";
    case Flaw::too_many_headers:
      return "it has too many program headers";
    case Flaw::no_segments:
      return "it has no segment to load";
    case Flaw::overflow:
      return "an address in its program headers wraps around";
    case Flaw::misaligned:
      return "one of its segments is not aligned to pages";
    case Flaw::overlapping:
      return "its segments overlap or are out of order";
    case Flaw::size_lie:
      return "one of its segments is longer in the file than in memory";
    case Flaw::outside_file:
      return "one of its segments lies outside the file";
    case Flaw::relro_outside:
      return "its RELRO range is not inside one writable segment";
    case Flaw::relro_twice:
      return "it has two RELRO ranges";
    case Flaw::dynamic_outside:
      return "its dynamic section lies outside its segments";
    case Flaw::strings_outside:
      return "a name lies outside its string table";
    case Flaw::text_relocations:
      return "it has text relocations (DT_TEXTREL)";
  }
  return "it is malformed";
}

}  // namespace memseal::elf
