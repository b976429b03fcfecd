// SPDX-License-Identifier: Apache-2.0
// What a file on disk allows to be sealed, and what it was built without.
#pragma once

#include <cstddef>
#include <cstdint>

#include "elf/headers.h"

namespace memseal::elf {

/// "unknown": the file has no symbols that could tell.
enum class Known : std::uint8_t { no, yes, unknown };

enum class FileKind : std::uint8_t {
  program,         ///< started by a loader
  library,         ///< or anything else that a loader maps
  static_program,  ///< started by the kernel alone
  other,           ///< an object file, a core dump
};
/// "program", "library", "static program", "other".
const char *name(FileKind kind);

struct Hardening {
  FileKind kind = FileKind::other;
  /// Bytes, in whole pages, that a seal would cover once it is loaded, and of
  /// them those of RELRO.
  std::uint64_t sealable = 0, relro_bytes = 0;
  /// Functions that are bound when they are first called: a pointer each, which
  /// stays writable. 0 where the loader binds all at the start.
  std::size_t lazy_slots = 0;
  bool relro = false;             ///< PT_GNU_RELRO
  bool bind_now = false;          ///< DF_BIND_NOW, DF_1_NOW or DT_BIND_NOW
  bool text_relocations = false;  ///< DT_TEXTREL
  bool executable_stack = false;  ///< PT_GNU_STACK with PF_X, or none
  bool writable_code = false;     ///< a PT_LOAD with PF_W and PF_X
  bool position_independent = false;
  Known stack_protector = Known::unknown;  ///< __stack_chk_fail
  Known fortified = Known::unknown;  ///< __NAME_chk for a NAME that libc checks
};

/// Units:   `page` is the page size of the machine that will run it.
/// Errors:  as File::create.
/// Source:  ELF gABI, "Dynamic Section"; what hardening-check(1) looks at.
Refusable<Hardening, Flaw> hardening_of(Bytes file, std::size_t page);

}  // namespace memseal::elf
