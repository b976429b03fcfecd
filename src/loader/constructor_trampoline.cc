// SPDX-License-Identifier: Apache-2.0
#include "loader/constructor_trampoline.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/assert.h"

namespace memseal::loader {
namespace {

using Constructor = void (*)(int, char **, char **);

/// What the loader would have called.
struct Original {
  LinkMap *map = nullptr;  ///< null: the trampoline is free
  Constructor init = nullptr;
  const Constructor *array = nullptr;
  std::size_t count = 0;
};

// Chromium's largest batch has some 20 libraries.
constexpr std::size_t trampoline_count = 256;
Original originals[trampoline_count];

void run(std::size_t i, int argc, char **argv, char **environment) {
  Original original = originals[i];
  originals[i] = {};
  MEMSEAL_ASSERT(original.map != nullptr);
  before_constructors();
  if (original.init != nullptr)
    original.init(argc, argv, environment);
  for (std::size_t at = 0; at < original.count; ++at)
    original.array[at](argc, argv, environment);
}

template <std::size_t I>
void trampoline(int argc, char **argv, char **environment) {
  run(I, argc, argv, environment);
}

template <std::size_t... I>
constexpr std::array<Constructor, sizeof...(I)> make_trampolines(
    std::index_sequence<I...>) {
  return {trampoline<I>...};
}

// Also serves as 256 arrays of one constructor each, for DT_INIT_ARRAY.
constinit const auto trampolines =
    make_trampolines(std::make_index_sequence<trampoline_count>());

Elf64_Dyn *entry_of(LinkMap &map, Elf64_Sxword tag) {
  for (Elf64_Dyn *entry = map.l_ld; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == tag)
      return entry;
  }
  return nullptr;
}

}  // namespace

void set_trampoline(LinkMap &map) {
  std::size_t i = 0;
  while (i < trampoline_count && originals[i].map != nullptr)
    ++i;
  if (i == trampoline_count)
    return;

  // The loader adds l_addr to both when it calls; nobody relocates them.
  if (Elf64_Dyn *init = entry_of(map, DT_INIT)) {
    originals[i] = {
        .map = &map,
        .init = reinterpret_cast<Constructor>(map.l_addr + init->d_un.d_ptr)};
    init->d_un.d_ptr =
        reinterpret_cast<Elf64_Addr>(trampolines[i]) - map.l_addr;
    return;
  }
  Elf64_Dyn *array = entry_of(map, DT_INIT_ARRAY);
  Elf64_Dyn *size = entry_of(map, DT_INIT_ARRAYSZ);
  if (array == nullptr || size == nullptr ||
      size->d_un.d_val < sizeof(Constructor))
    return;
  originals[i] = {.map = &map,
                  .array = reinterpret_cast<const Constructor *>(
                      map.l_addr + array->d_un.d_ptr),
                  .count = size->d_un.d_val / sizeof(Constructor)};
  array->d_un.d_ptr =
      reinterpret_cast<Elf64_Addr>(&trampolines[i]) - map.l_addr;
  size->d_un.d_val = sizeof(Constructor);
}

void cancel_trampoline(const LinkMap &map) {
  for (Original &original : originals) {
    if (original.map == &map)
      original = {};
  }
}

}  // namespace memseal::loader
