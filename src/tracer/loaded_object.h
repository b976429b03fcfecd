// SPDX-License-Identifier: Apache-2.0
// An ELF object in the memory of another process.
#pragma once

#include <optional>
#include <vector>

#include "elf/flaw.h"
#include "elf/layout.h"
#include "process/mappings.h"
#include "process/remote_memory.h"

namespace memseal::tracer {

struct LoadedObject {
  const Mapping *first;  ///< the mapping that begins with the ELF header
  elf::Layout layout;
  bool has_text_relocations = false;
  bool has_interpreter = false;

  /// Whether these pages are of the object's file.
  bool maps(const Mapping &mapping) const;
};

/// The object whose ELF header begins this mapping. Nothing if the mapping does
/// not begin with one, or is a plain view of the file: nothing of it is mapped
/// where its headers say. A flaw if the headers make no sense.
elf::Parsed<std::optional<LoadedObject>> loaded_object_at(
    const process::Mappings &space, const process::RemoteMemory &memory,
    const Mapping &mapping);

/// The object one of whose parts holds `inside`.
std::optional<LoadedObject> loaded_object_around(
    const process::Mappings &space, const process::RemoteMemory &memory,
    Address inside);

}  // namespace memseal::tracer
