// SPDX-License-Identifier: Apache-2.0
// Huge pages (hugetlb): their sizes, and what a call on them replaces.
//
// A call may name a part of a huge page. mmap and mremap then act on the whole
// one: the kernel rounds the length up, so that more is replaced than the
// registers tell. It does so only where an address is right for it, and that
// the registers tell. So both a filter and a keeper round up where a huge page
// could be, and nowhere else. The two rules are S-33 and S-34.
//
// Source: Linux 6.18, mm/mmap.c, ksys_mmap_pgoff (the length), fs/hugetlbfs/
// inode.c, hugetlb_get_unmapped_area (the address); mm/mremap.c, align_hugetlb
// (both addresses, since 5.16) and remap_move (several mappings, since 6.17).
#pragma once

#include <cstdint>
#include <span>

#include "filter/syscall_table.h"
#include "memseal/page_range.h"

namespace memseal::filter {

/// Every size that a kernel for this architecture may have, ascending. arm64's
/// depend on its base page, which a program may not know; here are those of 4,
/// 16 and 64 KiB.
///
/// Source:  Linux 6.18, arch/arm64/mm/hugetlbpage.c, arch_hugetlb_valid_size;
///          arch/x86/mm/hugetlbpage.c, the same.
std::span<const std::uint64_t> huge_page_sizes(Architecture architecture);

/// The last byte that mmap may replace if nothing is known of the size of its
/// pages. `alignment` is the address, or-ed with the offset if it is a file's:
/// a huge page needs multiples of its size.
Address last_byte_mapped(Architecture architecture, std::uint64_t alignment,
                         Address last);

/// The last byte that mremap with MREMAP_FIXED from `from` to `to` may replace,
/// if `last` is the last byte of the new range as the call names it.
///
/// A huge page of size S is moved from a multiple of S to a multiple of S. It
/// may be the first thing in the old range or, since several mappings are moved
/// at once, come behind others; its distance from the two beginnings is the
/// same, so they are a multiple of S apart. Only the last huge page can reach
/// over the end of the range, and it begins inside of it.
///
/// Needs:   to <= last.
Address last_byte_moved_onto(Architecture architecture, Address from,
                             Address to, Address last);

}  // namespace memseal::filter
