// SPDX-License-Identifier: Apache-2.0
// A loaded object as the tracer needs it: done with loading, and whether its
// relocations write into its text.
#pragma once

#include <optional>

#include "process/loaded_object.h"
#include "process/mappings.h"
#include "process/remote_memory.h"

namespace memseal::tracer {

struct LoadedObject : process::LoadedObject {
  bool has_text_relocations = false;
};

/// The object whose ELF header begins this mapping; nothing if it is none, or
/// not wholly loaded. A loader maps the whole file first and puts the segments
/// over it, the writable ones last: until then nothing may be sealed, or it
/// could not go on. A flaw if the headers make no sense.
Refusable<std::optional<LoadedObject>, elf::Flaw> loaded_object_at(
    const process::Mappings &space, const process::RemoteMemory &memory,
    const Mapping &mapping);

/// The object one of whose parts holds `inside`.
std::optional<LoadedObject> loaded_object_around(
    const process::Mappings &space, const process::RemoteMemory &memory,
    Address inside);

}  // namespace memseal::tracer
