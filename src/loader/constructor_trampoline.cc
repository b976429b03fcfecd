// SPDX-License-Identifier: Apache-2.0
#include "loader/constructor_trampoline.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "sys/memory.h"
#include "sys/page_state.h"

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

/// Some linkers (lld -z rodynamic) put the dynamic section where it cannot be
/// written to: then its page is made writable for the moment. Nothing of the
/// library is sealed yet. Whether it was written.
bool write(Elf64_Xword &entry, Elf64_Xword value) {
  const std::size_t size = sys::page_size();
  const Address page = reinterpret_cast<Address>(&entry) & ~(size - 1);
  std::optional<Protection> lifted;
  if (sys::writability(page) != sys::Writability::writable) {
    lifted = sys::protection_of(page);
    if (!lifted || !sys::protect(*PageRange::create(page, size, size),
                                 {lifted->bits | Protection::write}))
      return false;
  }
  entry = value;
  if (lifted)
    (void)sys::protect(*PageRange::create(page, size, size), *lifted);
  return true;
}

Elf64_Addr relative_to(const LinkMap &map, const void *target) {
  return reinterpret_cast<Elf64_Addr>(target) - map.l_addr;
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
    if (!write(init->d_un.d_ptr,
               relative_to(map, reinterpret_cast<void *>(trampolines[i]))))
      originals[i] = {};
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
  const Elf64_Xword whole = size->d_un.d_val;
  bool written = write(size->d_un.d_val, sizeof(Constructor));
  if (written && write(array->d_un.d_ptr, relative_to(map, &trampolines[i])))
    return;
  if (written)
    (void)write(size->d_un.d_val, whole);
  originals[i] = {};
}

void cancel_trampoline(const LinkMap &map) {
  for (Original &original : originals) {
    if (original.map == &map)
      original = {};
  }
}

}  // namespace memseal::loader
