// SPDX-License-Identifier: Apache-2.0
#include "tracer/loaded_object.h"

#include <algorithm>
#include <vector>

#include "elf/dynamic.h"

namespace memseal::tracer {
namespace {

bool reads_text_relocations(const process::RemoteMemory &memory,
                            const elf::Layout &layout) {
  // A dynamic section has a few dozen entries; a lie about it costs no memory.
  std::size_t size = std::min<std::size_t>(layout.dynamic_size(), 65'536);
  std::vector<std::byte> bytes(size);
  return size != 0 && memory.read({layout.dynamic_begin()}, bytes) &&
         elf::DynamicSection(bytes).has_text_relocations();
}

}  // namespace

Refusable<std::optional<LoadedObject>, elf::Flaw> loaded_object_at(
    const process::Mappings &space, const process::RemoteMemory &memory,
    const Mapping &mapping) {
  auto found =
      MEMSEAL_TRY(process::recognise_in_memory(space, mapping, memory));
  if (!found || found->loading != process::Loading::wholly)
    return std::nullopt;
  return LoadedObject{*found, reads_text_relocations(memory, found->layout)};
}

std::optional<LoadedObject> loaded_object_around(
    const process::Mappings &space, const process::RemoteMemory &memory,
    Address inside) {
  for (const Mapping &mapping : space.mappings()) {
    auto object = loaded_object_at(space, memory, mapping);
    if (object && *object && (*object)->layout.extent().contains(inside))
      return **object;
  }
  return std::nullopt;
}

}  // namespace memseal::tracer
