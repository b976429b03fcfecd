// SPDX-License-Identifier: Apache-2.0
// What a whole ELF file on disk tells before anything of it is loaded.
#pragma once

#include <elf.h>

#include <cstddef>
#include <string_view>

#include "elf/dynamic.h"
#include "elf/flaw.h"
#include "elf/headers.h"

namespace memseal::elf {

/// A file whose headers were found sound. Looks at the bytes it was given and
/// keeps no copy: they must outlive it, and so must the strings it returns.
class File {
public:
  /// `bytes` is the whole file.
  /// Errors: those of read_program_headers and Layout::create (with `page`),
  ///         outside_file, dynamic_outside, strings_outside.
  static Refusable<File, Flaw> create(Bytes bytes, std::size_t page);

  const Elf64_Ehdr &header() const { return header_; }
  const DynamicSection &dynamic() const { return dynamic_; }

  /// PT_INTERP; empty if the kernel starts the program without a loader.
  std::string_view interpreter() const { return interpreter_; }
  /// PT_TLS: p_memsz and p_align; 0 if it has none.
  std::size_t tls_size() const { return tls_.p_memsz; }
  std::size_t tls_alignment() const { return tls_.p_align; }
  /// PT_GNU_STACK with PF_X, or (by the kernel's old rule) no PT_GNU_STACK.
  bool wants_executable_stack() const;

  std::size_t needed_count() const;
  /// The i-th DT_NEEDED. Needs: i < needed_count().
  std::string_view needed(std::size_t i) const;
  std::string_view soname() const { return string(DT_SONAME); }
  std::string_view runpath() const { return string(DT_RUNPATH); }
  std::string_view rpath() const { return string(DT_RPATH); }
  /// Whether a dynamic symbol (or a library) may have this name: it ends a
  /// string of the table, which names may share.
  bool may_name(std::string_view name) const;

private:
  File() = default;
  Refusable<void, Flaw> read_dynamic();
  Refusable<Bytes, Flaw> at_address(Elf64_Addr address, std::size_t size) const;
  Refusable<std::string_view, Flaw> text_at(Elf64_Xword offset) const;
  std::string_view string(Elf64_Sxword tag) const;

  Bytes bytes_;
  Elf64_Ehdr header_{};
  ProgramHeaders program_headers_;
  DynamicSection dynamic_;
  Bytes strings_;
  std::string_view interpreter_;
  Elf64_Phdr tls_{};
};

}  // namespace memseal::elf
