// SPDX-License-Identifier: Apache-2.0
// An object in memory, for tests: a link_map whose dynamic section names a
// table of symbols, as a linker writes it, in one bucket.
#pragma once

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <string>
#include <vector>

namespace memseal::loader {

inline std::uint32_t gnu_hash_of(const std::string &name) {
  std::uint32_t hash = 5381;
  for (char c : name)
    hash = hash * 33 + static_cast<unsigned char>(c);
  return hash;
}

class TestObject {
public:
  /// Symbol i lies at address_of(i).
  explicit TestObject(const std::vector<std::string> &symbols) {
    names_ = std::string(1, '\0');
    symbols_.resize(1 + symbols.size());  // the first is always undefined
    std::uint64_t bloom = 0;
    std::vector<std::uint32_t> chain;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      std::uint32_t hash = gnu_hash_of(symbols[i]);
      bloom |= std::uint64_t{1} << (hash % 64);
      bloom |= std::uint64_t{1} << ((hash >> shift) % 64);
      bool last = i + 1 == symbols.size();
      chain.push_back((hash & ~1u) | (last ? 1u : 0u));
      Elf64_Sym &symbol = symbols_[1 + i];
      symbol.st_name = static_cast<Elf64_Word>(names_.size());
      symbol.st_shndx = 7;
      symbol.st_value = 0x100 * (i + 1);
      names_ += symbols[i] + '\0';
    }
    // A header, one word of the Bloom filter, one bucket, the chain.
    table_ = {1,
              1,
              1,
              shift,
              static_cast<std::uint32_t>(bloom),
              static_cast<std::uint32_t>(bloom >> 32),
              symbols.empty() ? 0u : 1u};
    table_.insert(table_.end(), chain.begin(), chain.end());
    map_.l_addr = 0x1000;
  }

  /// Pointers into this object: it must stay where it is from here on.
  ::link_map &map() {
    auto value = [](const void *at) {
      return reinterpret_cast<Elf64_Addr>(at);
    };
    dynamic_ = {{DT_GNU_HASH, {value(table_.data())}},
                {DT_SYMTAB, {value(symbols_.data())}},
                {DT_STRTAB, {value(names_.data())}},
                {DT_NULL, {0}}};
    for (Elf64_Dyn &entry : dynamic_) {
      if (entry.d_tag == dropped_)
        entry.d_tag = DT_DEBUG;
    }
    map_.l_ld = dynamic_.data();
    return map_;
  }

  void *address_of(std::size_t i) const {
    return reinterpret_cast<void *>(map_.l_addr + symbols_[1 + i].st_value);
  }
  /// What lies at address_of(0): `value`.
  void put_first_at(const void *address) {
    symbols_[1].st_value = reinterpret_cast<Elf64_Addr>(address) - map_.l_addr;
  }
  void make_undefined(std::size_t i) { symbols_[1 + i].st_shndx = SHN_UNDEF; }
  void drop(Elf64_Sxword tag) { dropped_ = tag; }

private:
  static constexpr std::uint32_t shift = 6;
  std::string names_;
  std::vector<Elf64_Sym> symbols_;
  std::vector<std::uint32_t> table_;
  std::vector<Elf64_Dyn> dynamic_;
  ::link_map map_{};
  Elf64_Sxword dropped_ = DT_DEBUG;  // none: there is no such entry
};

}  // namespace memseal::loader
