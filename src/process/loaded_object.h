// SPDX-License-Identifier: Apache-2.0
// Recognises ELF files among the mappings of a process.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "elf/layout.h"
#include "vm/mapping.h"

namespace memseal::process {

/// What a file mapping turned out to be.
struct Recognition {
  std::optional<elf::Layout> layout;  ///< set: a loaded object
  std::string note;                   ///< what is odd about the file; empty
};

/// Looks whether `mappings.front()` is the first segment of a loaded object.
///
/// A program may map an ELF file only to read it. It is taken for loaded if its
/// other segments are where the program headers want them.
///
/// Needs:   `mappings` begins with a file mapping; what follows it is there to
///          be compared.
Recognition recognise(int pid, std::span<const Mapping> mappings,
                      std::size_t page);

}  // namespace memseal::process
