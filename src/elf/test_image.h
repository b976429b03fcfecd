// SPDX-License-Identifier: Apache-2.0
// ELF images for tests, written header by header.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "elf/headers.h"

namespace memseal::elf {

inline Elf64_Phdr segment(Elf64_Word flags, Elf64_Addr begin, Elf64_Xword size,
                          Elf64_Word type = PT_LOAD) {
  return {.p_type = type,
          .p_flags = flags,
          .p_offset = begin,
          .p_vaddr = begin,
          .p_paddr = begin,
          .p_filesz = size,
          .p_memsz = size,
          .p_align = 0x1000};
}

/// What a linker makes of a small library: two pages of headers, three of text,
/// one of rodata; a page of RELRO and two of data.
inline std::vector<Elf64_Phdr> usual_headers() {
  return {segment(PF_R, 0x0000, 0x1800),
          segment(PF_R | PF_X, 0x2000, 0x2345),
          segment(PF_R, 0x5000, 0x0123),
          segment(PF_R | PF_W, 0x6e00, 0x1700),
          segment(PF_R | PF_W, 0x6f00, 0x0090, PT_DYNAMIC),
          segment(PF_R, 0x6e00, 0x0200, PT_GNU_RELRO)};
}

inline ProgramHeaders table_of(const std::vector<Elf64_Phdr> &headers) {
  return *ProgramHeaders::create(std::as_bytes(std::span(headers)),
                                 headers.size());
}

/// A whole file with these headers at byte 64.
inline std::string file_of(const std::vector<Elf64_Phdr> &headers,
                           std::size_t size = 0x8500) {
  std::string file(size, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(headers.size());
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, headers.data(),
              headers.size() * sizeof(Elf64_Phdr));
  return file;
}

inline Bytes bytes_of(const std::string &file) {
  return std::as_bytes(std::span(file.data(), file.size()));
}

}  // namespace memseal::elf
