// SPDX-License-Identifier: Apache-2.0
// Which part of the address space a keeper guards: the zone. The rest is free.
//
// Background. A keeper that is asked about every memory call of its tree makes
// each of them wait for another process. What is sealed and what a program maps
// and unmaps all day can be kept apart: libraries lie at the top, where the
// kernel puts them at exec, programs at two thirds, and the loader module makes
// everything else go below the zone (loader/fence.h).
//
// Idea. The filter lets a call go on at once that acts wholly on free memory.
// So in free memory nothing may be claimed to be sealed: the keeper refuses to.
// A zone that is too large makes calls slow, one that is too small leaves
// objects unsealed, which is told; neither is unsound.
//
// Where the kernel puts an image, T being the end of its memory, as of Linux
// 6.18 (fs/binfmt_elf.c, ELF_ET_DYN_BASE; mm/util.c and arch/x86/mm/mmap.c,
// arch_pick_mmap_layout):
//
//   what                               from                  random bits
//   libraries, ld.so, the vdso         T - stack, downwards  at most T / 8
//   programs, and the heap behind      2/3 T                 at most T / 8
//   programs that choose their place   4 MiB                 none
//   `ulimit -s unlimited`, x86-64      T/6, downwards        as libraries
//   legacy layout (arm64: that, too)   T/3 (arm64: T/4)      as libraries
//
// T / 8 is what CONFIG_ARCH_MMAP_RND_BITS_MAX comes to on every size of address
// space that is known here: vm.mmap_rnd_bits may be raised while a tree runs.
#pragma once

#include <cstdint>

#include "base/inline_vector.h"
#include "filter/syscall_table.h"
#include "memseal/page_range.h"

namespace memseal::keeper {

/// Free memory of a tree: ascending and disjoint, and no two parts touch. Each
/// border is a multiple of `border_unit`.
using FreeParts = InlineVector<PageRange, 4>;

/// 16 GiB: the largest huge page there is, so that no call on free memory is
/// rounded up to beyond it; and the low words of all borders are 0.
inline constexpr std::uint64_t border_unit = 1UL << 34;

/// What the zone of a tree is computed from, in one byte, for it is handed to
/// the keeper and to each image. Zero: there is none, everything is asked
/// about.
class ZoneShape {
public:
  constexpr ZoneShape() = default;
  constexpr explicit ZoneShape(std::uint8_t byte) : byte_(byte) {}
  /// `stack`: an address in the first stack of a program. `wide`: the two
  /// unusual layouts are to be expected, and get all the room they may need.
  /// None where the size of its memory is not one that is known here.
  static ZoneShape of(filter::Architecture architecture, Address stack,
                      bool wide);

  constexpr std::uint8_t byte() const { return byte_; }
  constexpr bool exists() const { return byte_ != 0; }
  FreeParts free_parts(filter::Architecture architecture) const;
  /// Where the zone of libraries begins: the end of the last free part. Needs:
  /// exists().
  Address border() const;

private:
  std::uint64_t end_of_memory() const { return 1UL << (byte_ & 0x3f); }
  std::uint8_t byte_ = 0;
};

/// For the tree that this process starts. Context: its first thread need not be
/// the caller.
ZoneShape zone_here();

inline bool overlaps(const FreeParts &parts, PageRange range) {
  for (PageRange part : parts) {
    if (part.overlaps(range))
      return true;
  }
  return false;
}

}  // namespace memseal::keeper
