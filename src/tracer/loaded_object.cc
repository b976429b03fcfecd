// SPDX-License-Identifier: Apache-2.0
#include "tracer/loaded_object.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "elf/dynamic.h"
#include "elf/headers.h"
#include "sys/memory.h"

namespace memseal::tracer {
namespace {

// Any linker puts the program headers right behind the ELF header.
constexpr std::size_t most_headers = 16'384;

std::vector<std::byte> read_some(const process::RemoteMemory &memory,
                                 Address from, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (!memory.read({from}, bytes))
    bytes.clear();
  return bytes;
}

bool writable_at(const process::Mappings &space, Address address) {
  const Mapping *there = space.find(address);
  return there != nullptr && there->protection.writable();
}

/// Whether the parts lie where the headers say. A loader maps the whole file
/// first and puts the segments over it, the writable ones last: until then
/// nothing may be sealed, or it could not go on.
bool is_loaded(const process::Mappings &space, const LoadedObject &object) {
  bool has_code = false;
  for (const elf::Part &part : object.layout.parts()) {
    Address begin = part.range.begin();
    if (part.kind == elf::PartKind::data && !writable_at(space, begin))
      return false;
    const Mapping *there = space.find(begin);
    has_code |= part.kind == elf::PartKind::text && there != nullptr &&
                there->protection.executable() &&
                (object.maps(*there) || there->inode == 0);
  }
  return has_code;
}

bool reads_text_relocations(const process::RemoteMemory &memory,
                            const elf::Layout &layout) {
  // A dynamic section has a few dozen entries; a lie about it costs no memory.
  std::size_t size = std::min<std::size_t>(layout.dynamic_size(), 65'536);
  if (size == 0)
    return false;
  std::vector<std::byte> bytes =
      read_some(memory, layout.dynamic_begin(), size);
  return elf::DynamicSection(bytes).has_text_relocations();
}

}  // namespace

bool LoadedObject::maps(const Mapping &mapping) const {
  return mapping.same_file(*first);
}

elf::Parsed<std::optional<LoadedObject>> loaded_object_at(
    const process::Mappings &space, const process::RemoteMemory &memory,
    const Mapping &mapping) {
  if (mapping.inode == 0 || mapping.offset != 0 ||
      !mapping.protection.readable())
    return std::nullopt;
  std::vector<std::byte> image =
      read_some(memory, mapping.range.begin(),
                std::min(mapping.range.size(), most_headers));
  if (image.size() < SELFMAG || std::memcmp(image.data(), ELFMAG, SELFMAG) != 0)
    return std::nullopt;

  elf::ProgramHeaders headers = MEMSEAL_TRY(elf::read_program_headers(image));
  elf::Placement placement =
      elf::placement_of(headers, mapping, sys::page_size());
  LoadedObject object{&mapping,
                      MEMSEAL_TRY(elf::Layout::create(headers, placement))};
  object.has_interpreter = headers.has(PT_INTERP);
  if (!is_loaded(space, object))
    return std::nullopt;
  object.has_text_relocations = reads_text_relocations(memory, object.layout);
  return object;
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
