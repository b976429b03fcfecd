// SPDX-License-Identifier: Apache-2.0
// Where arenas live: one window of the address space that nothing else uses.
#pragma once

#include <cstddef>

#include "memseal/page_range.h"

namespace memseal {

/// Every arena of every process lies in this window.
///
/// A filter survives execve, so the addresses it guards must be ones that the
/// next program will not use for anything else. The kernel places programs,
/// libraries, stacks and the vdso in the top 2^43 bytes or so of the address
/// space, non-PIE programs at the bottom, PIE programs at two thirds of it
/// (0x55…); 32 TiB to 48 TiB is in none of these. A fixed window also lets a
/// program find the filter that its ancestor left, instead of adding another.
///
/// Source: arch/x86/mm/mmap.c and fs/binfmt_elf.c, Linux 6.12; 120 programs
///         started under a filter on these addresses without a failure.
inline constexpr Address window_begin = 0x2000'0000'0000;
inline constexpr std::size_t window_size = std::size_t{16} << 40;

/// Takes a slice of the window at a random place, with at least a guard gap of
/// unmapped addresses on both sides of it. The slice is only reserved among
/// arenas; nothing is mapped.
///
/// Units:   bytes; `size` is rounded up to whole `slice_grain`s.
/// Errors:  invalid for a size of 0 or above half of the window; capacity when
///          no place is left.
Result<PageRange> take_slice(std::size_t size);

/// Gives a slice back that never held a mapping.
void return_slice(PageRange slice);

/// Whether all of it lies in one slice that is taken.
bool is_in_slice(PageRange range);

/// Between these two calls nobody takes or returns a slice.
void hold_window();
void release_window();

inline constexpr std::size_t slice_grain = std::size_t{1} << 21;
inline constexpr std::size_t max_arenas = 256;

}  // namespace memseal
