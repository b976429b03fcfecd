// SPDX-License-Identifier: Apache-2.0
#include "loader/link_map.h"

#include <cstdint>

namespace memseal::loader {
namespace {

// The hash of DT_GNU_HASH: h = h * 33 + c, from 5381.
std::uint32_t gnu_hash(std::string_view name) {
  std::uint32_t hash = 5381;
  for (char c : name)
    hash = hash * 33 + static_cast<unsigned char>(c);
  return hash;
}

/// DT_GNU_HASH in memory: a header, a Bloom filter, buckets, chains.
/// Source: the format as GNU ld writes it (bfd/elflink.c) and glibc reads it
/// (elf/dl-lookup.c, do_lookup_x).
struct HashTable {
  std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;

  const std::uint64_t *bloom() const {
    return reinterpret_cast<const std::uint64_t *>(this + 1);
  }
  const std::uint32_t *bucket() const {
    return reinterpret_cast<const std::uint32_t *>(bloom() + bloom_words);
  }
  const std::uint32_t *chain() const { return bucket() + buckets; }

  bool may_hold(std::uint32_t hash) const {
    std::uint64_t word = bloom()[(hash / 64) & (bloom_words - 1)];
    return ((word >> (hash % 64)) & (word >> ((hash >> bloom_shift) % 64)) &
            1) != 0;
  }
};

}  // namespace

elf::DynamicSection dynamic_of(const LinkMap &map) {
  if (map.l_ld == nullptr)
    return {};
  // Neither its size nor its end is known here but by DT_NULL, as the loader
  // itself finds it.
  std::size_t count = 0;
  while (map.l_ld[count].d_tag != DT_NULL)
    ++count;
  return elf::DynamicSection(std::as_bytes(std::span(map.l_ld, count)));
}

Elf64_Addr dynamic_address(const LinkMap &map, Elf64_Sxword tag) {
  elf::DynamicSection dynamic = dynamic_of(map);
  if (!dynamic.has(tag))
    return 0;
  Elf64_Addr value = dynamic.value(tag);
  return value < map.l_addr ? value + map.l_addr : value;
}

namespace {

/// Null if the object does not define it.
const Elf64_Sym *find_definition(const LinkMap &map, std::string_view name) {
  auto *table =
      reinterpret_cast<const HashTable *>(dynamic_address(map, DT_GNU_HASH));
  auto *symbols =
      reinterpret_cast<const Elf64_Sym *>(dynamic_address(map, DT_SYMTAB));
  auto *names = reinterpret_cast<const char *>(dynamic_address(map, DT_STRTAB));
  if (table == nullptr || symbols == nullptr || names == nullptr ||
      table->buckets == 0)
    return nullptr;

  std::uint32_t hash = gnu_hash(name);
  if (!table->may_hold(hash))
    return nullptr;
  std::uint32_t i = table->bucket()[hash % table->buckets];
  if (i < table->first_symbol)
    return nullptr;
  for (;; ++i) {
    std::uint32_t entry = table->chain()[i - table->first_symbol];
    const Elf64_Sym &symbol = symbols[i];
    // The lowest bit of an entry ends its chain; it is no part of the hash.
    if (((entry ^ hash) >> 1) == 0 && symbol.st_shndx != SHN_UNDEF &&
        name == names + symbol.st_name)
      return &symbol;
    if ((entry & 1) != 0)
      return nullptr;
  }
}

}  // namespace

void *find_symbol(const LinkMap &map, std::string_view name) {
  const Elf64_Sym *symbol = find_definition(map, name);
  return symbol != nullptr
             ? reinterpret_cast<void *>(map.l_addr + symbol->st_value)
             : nullptr;
}

std::span<std::uintptr_t> find_variable(const LinkMap &map,
                                        std::string_view name) {
  const Elf64_Sym *symbol = find_definition(map, name);
  if (symbol == nullptr)
    return {};
  return {reinterpret_cast<std::uintptr_t *>(map.l_addr + symbol->st_value),
          symbol->st_size / sizeof(std::uintptr_t)};
}

}  // namespace memseal::loader
