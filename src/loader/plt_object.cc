// SPDX-License-Identifier: Apache-2.0
#include "loader/plt_object.h"

#include <algorithm>
#include <cstring>

#include "sys/memory.h"

namespace memseal::loader {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t jump_slot = R_X86_64_JUMP_SLOT,
                        irelative = R_X86_64_IRELATIVE;
#else
constexpr std::uint32_t jump_slot = R_AARCH64_JUMP_SLOT,
                        irelative = R_AARCH64_IRELATIVE;
#endif

// Slots lie side by side but for the loader's words and TLS descriptors.
constexpr std::size_t most_words_a_slot = 4, words_for_free = 64;

bool is_slot(const Elf64_Rela &relocation) {
  const auto type = ELF64_R_TYPE(relocation.r_info);
  return type == jump_slot || type == irelative;
}

/// Bytes that an object may be believed to have there.
std::optional<elf::Bytes> bytes_of(const PltObject &object, Address begin,
                                   std::size_t size) {
  const elf::Part *part = object.part_at(begin);
  if (part == nullptr || part->kind == elf::PartKind::gap ||
      part->range.end() - begin < size)
    return std::nullopt;
  return elf::Bytes{reinterpret_cast<const std::byte *>(begin), size};
}

/// The run of words in which the slots among the data lie.
struct Extent {
  Address first = ~Address{0}, last = 0;
};

/// Returns why they are not to be relied on, or `none`.
Reason find_extent(PltObject &object, Extent &extent) {
  for (std::size_t i = 0; i < object.relocations.size(); ++i) {
    const Elf64_Rela relocation = object.relocations[i];
    const Address at = object.map->l_addr + relocation.r_offset;
    if (!is_slot(relocation)) {
      object.only_slots = false;  // a TLS descriptor
      continue;
    }
    const elf::Part *part = object.part_at(at);
    if (at % sizeof(Address) != 0 || part == nullptr)
      return Reason::slots_flawed;
    if (part->kind != elf::PartKind::data) {
      object.all_writable = false;
      continue;
    }
    extent.first = std::min(extent.first, at);
    extent.last = std::max(extent.last, at);
  }
  return Reason::none;
}

}  // namespace

Address word_of(std::span<const std::byte> words, const elf::SlotSet &slots,
                Address slot) {
  Address word;
  std::memcpy(&word, words.data() + (slot - slots.begin()), sizeof word);
  return word;
}

const elf::Part *PltObject::part_at(Address address) const {
  for (const elf::Part &part : layout.parts()) {
    if (part.range.contains(address))
      return &part;
  }
  return nullptr;
}

std::optional<std::uint64_t> PltObject::file_offset(Address address) const {
  const Address offset = address - map->l_addr;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const Elf64_Phdr load = headers[i];
    // Whole pages are mapped, whatever is before and behind in the file.
    const Address begin = load.p_vaddr & ~(sys::page_size() - 1);
    if (load.p_type == PT_LOAD && offset >= begin &&
        offset < load.p_vaddr + load.p_filesz)
      return load.p_offset - load.p_vaddr + offset;
  }
  return std::nullopt;
}

Reason PltObject::find_slots(const Image &image) {
  map = image.map;
  only_slots = all_writable = true;
  writable.start(0, 0);
  const elf::DynamicSection dynamic = dynamic_of(*map);
  const std::size_t size = dynamic.value(DT_PLTRELSZ);
  if (size == 0 || dynamic.value(DT_PLTREL) != DT_RELA)
    return Reason::none;
  auto found = headers_of(image);
  if (!found || !layout_of(image, layout))
    return Reason::none;  // said of the object as a whole
  headers = *found;
  auto table = bytes_of(*this, dynamic_address(*map, DT_JMPREL), size);
  if (!table)
    return Reason::slots_flawed;
  relocations = elf::PltRelocations(*table);
  plt_got = dynamic_address(*map, DT_PLTGOT);
  if (plt_got % sizeof(Address) != 0 ||
      !bytes_of(*this, plt_got, 3 * sizeof(Address)))
    plt_got = 0;

  Extent extent;
  const Reason reason = find_extent(*this, extent);
  if (reason != Reason::none || extent.last == 0)
    return reason;
  const std::size_t words = (extent.last - extent.first) / sizeof(Address) + 1;
  if (!writable.start(extent.first, words))
    return Reason::table_full;
  for (std::size_t i = 0; i < relocations.size(); ++i) {
    const Address at = map->l_addr + relocations[i].r_offset;
    if (is_slot(relocations[i]) && part_at(at)->kind == elf::PartKind::data)
      writable.add(at);
  }
  return words > most_words_a_slot * writable.size() + words_for_free ||
                 !bytes_of(*this, extent.first, words * sizeof(Address))
             ? Reason::slots_flawed
             : Reason::none;
}

Reason PltObject::bind(const Binder &binder,
                       std::span<const std::byte> file_words) {
  bound.start(writable.begin(), writable.words());
  const bool lazy = plt_got != 0 && is_bound_lazily(*map);
  const bool was_bound =
      !lazy || (all_writable && bind_slots(binder, *map, relocations, bound));
  for (std::size_t i = 0; i < relocations.size(); ++i) {
    const Elf64_Rela relocation = relocations[i];
    const Address at = map->l_addr + relocation.r_offset;
    if (!is_slot(relocation) || !writable.has(at) ||
        (lazy && ELF64_R_TYPE(relocation.r_info) == jump_slot))
      continue;
    // What the file has there leads to the resolver.
    const Address lazily = word_of(file_words, writable, at);
    const Address now = *reinterpret_cast<const Address *>(at);
    if (lazily == 0 || now != map->l_addr + lazily)
      bound.add(at);
  }
  return was_bound ? Reason::slots_absent : Reason::slots_unbound;
}

}  // namespace memseal::loader
