// SPDX-License-Identifier: Apache-2.0
// Random programs of memory calls over a small arena.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

namespace memseal::differential {

inline constexpr std::uint64_t page = 4096;
/// Pages of the arena; calls also reach a little over both ends.
inline constexpr int arena_pages = 10, margin = 6;

/// Where the arena lies: what is awkward for comparisons of 32-bit words.
struct Place {
  const char *name;
  std::uintptr_t base;
};
inline constexpr Place places[] = {
    {"plain", 0x10'0001'0000},
    {"across 2 MiB", 0x10'0020'0000 - 5 * page},
    {"across 4 GiB", 0x1'0000'0000 - 5 * page},
    {"across a word", 0x20'0000'0000 - 5 * page},
    {"across 8 TiB", 0x800'0000'0000 - 5 * page},
};

enum class Kind : std::uint8_t {
  map,
  map_gently,  ///< MAP_FIXED_NOREPLACE
  unmap,
  protect,
  pkey_protect,
  advise,
  remap,     ///< in place
  remap_to,  ///< MREMAP_FIXED
  remap_file,
  write,
  seal,
};

/// A length in bytes: whole pages and a little more or less.
struct Length {
  std::int8_t pages = 0;  ///< -1: a length that wraps
  std::int8_t rest = 0;   ///< -1, 0 or 1 byte
  std::uint64_t bytes() const {
    return static_cast<std::uint64_t>(pages) * page +
           static_cast<std::uint64_t>(rest);
  }
};

/// One call. Each kind uses the members it needs.
struct Step {
  Kind kind = Kind::map;
  std::int8_t at = 0;  ///< index of a page, -2 … arena_pages + 1
  bool unaligned = false;
  Length length{}, new_length{};
  std::int8_t target = 0;
  std::uint8_t afar = 0;        ///< index into `distances`
  std::uint8_t protection = 0;  ///< bits of PROT_
  std::uint8_t backing = 0;     ///< 0 anonymous, 1 private file, 2 shared,
                                ///< 3 anonymous and droppable
  std::uint8_t advice = 0;      ///< index into `advices`
  std::uint8_t flags = 0;       ///< of mremap
  std::uint8_t types = 0;       ///< seal types
  bool downgradable = false;
};

constexpr bool is_droppable(const Step &s) {
  return s.backing == 3;
}
constexpr bool has_file(const Step &s) {
  return s.backing == 1 || s.backing == 2;
}

/// MADV_ numbers: the destructive ones, and some that are not.
inline constexpr int advices[] = {4,  8,  9,  18, 24, 102, 103,
                                  10, 21, 20, 11, 19, 0,   14};

/// How far above the arena the old range of a move begins: where nothing is,
/// but as far from the target as a huge page may be (S-34).
inline constexpr std::uint64_t distances[] = {0, 64ull << 10, 2ull << 20,
                                              1ull << 30, 16ull << 30};

struct Program {
  std::uint8_t place;
  std::vector<Step> steps;
};

/// What the kernel is asked to enforce: decides which seals are generated.
enum class Flavour : std::uint8_t { native, filter };

std::ostream &operator<<(std::ostream &out, const Step &step);
std::ostream &operator<<(std::ostream &out, const Program &program);

}  // namespace memseal::differential
