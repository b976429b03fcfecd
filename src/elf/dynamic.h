// SPDX-License-Identifier: Apache-2.0
// The dynamic section: what an object asks of the loader.
#pragma once

#include <elf.h>

#include <cstddef>

#include "elf/flaw.h"
#include "elf/headers.h"

namespace memseal::elf {

/// The entries up to DT_NULL, of a file or in memory. Note that in memory glibc
/// has added the bias to some of the pointers (DT_STRTAB among them).
class DynamicSection {
public:
  DynamicSection() = default;
  explicit DynamicSection(Bytes bytes);

  std::size_t size() const { return count_; }
  /// Needs: i < size().
  Elf64_Dyn operator[](std::size_t i) const;

  /// The value of the first entry with this tag, or `otherwise`.
  Elf64_Xword value(Elf64_Sxword tag, Elf64_Xword otherwise = 0) const;
  bool has(Elf64_Sxword tag) const;

  /// Whether relocating writes into segments that are not writable. Such code
  /// is written by design, by the loader, who makes it writable to do so.
  bool has_text_relocations() const;

private:
  Bytes bytes_;
  std::size_t count_ = 0;
};

}  // namespace memseal::elf
