// SPDX-License-Identifier: Apache-2.0
#include "elf/headers.h"

#include <cstring>

#include "base/assert.h"
#include "memseal/error.h"

namespace memseal::elf {

Refusable<ProgramHeaders, Flaw> ProgramHeaders::create(Bytes table,
                                                       std::size_t count) {
  if (count > table.size() / sizeof(Elf64_Phdr))
    return refuse(Flaw::headers_outside);
  return ProgramHeaders(table, count);
}

Elf64_Phdr ProgramHeaders::operator[](std::size_t i) const {
  MEMSEAL_ASSERT(i < count_);
  Elf64_Phdr entry;
  std::memcpy(&entry, table_.data() + i * sizeof entry, sizeof entry);
  return entry;
}

Elf64_Phdr ProgramHeaders::first(Elf64_Word type) const {
  for (std::size_t i = 0; i < count_; ++i) {
    Elf64_Phdr entry = (*this)[i];
    if (entry.p_type == type)
      return entry;
  }
  return {};
}

std::size_t file_size(const Elf64_Ehdr &header) {
  std::size_t table = std::size_t{header.e_shnum} * header.e_shentsize;
  std::size_t end;
  if (header.e_shoff == 0 ||
      __builtin_add_overflow(header.e_shoff, table, &end))
    return 0;
  return end;
}

Refusable<Elf64_Ehdr, Flaw> read_header(Bytes image) {
  if (image.size() < EI_NIDENT ||
      std::memcmp(image.data(), ELFMAG, SELFMAG) != 0)
    return refuse(Flaw::not_elf);
  auto identity = [&](std::size_t i) {
    return static_cast<unsigned char>(image[i]);
  };
  // The class first: of a 32-bit file nothing else may be read.
  if (identity(EI_CLASS) == ELFCLASS32)
    return refuse(Flaw::not_64_bit);
  if (identity(EI_DATA) == ELFDATA2MSB)
    return refuse(Flaw::foreign_order);
  if (identity(EI_CLASS) != ELFCLASS64 || identity(EI_DATA) != ELFDATA2LSB ||
      identity(EI_VERSION) != EV_CURRENT)
    return refuse(Flaw::bad_header);

  Elf64_Ehdr header;
  if (image.size() < sizeof header)
    return refuse(Flaw::not_elf);
  std::memcpy(&header, image.data(), sizeof header);
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr))
    return refuse(Flaw::bad_header);
  // PN_XNUM moves the count into a section header: core dumps only.
  if (header.e_phnum == PN_XNUM)
    return refuse(Flaw::too_many_headers);
  return header;
}

Refusable<ProgramHeaders, Flaw> read_program_headers(Bytes image) {
  Elf64_Ehdr header = MEMSEAL_TRY(read_header(image));
  if (header.e_phoff > image.size())
    return refuse(Flaw::headers_outside);
  return ProgramHeaders::create(image.subspan(header.e_phoff), header.e_phnum);
}

}  // namespace memseal::elf
