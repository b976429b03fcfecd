// SPDX-License-Identifier: Apache-2.0
// The two arithmetic stages of a filter: which bytes a call touches, and
// whether a sealed range lies among them.
//
// BPF computes with 32 bits, addresses have 64. Trees over two-word keys would
// need two comparisons a node and their own equality cases. Instead:
//
//   The address space is cut into windows of 8 TiB: 2^31 pages of 4 KiB.
//   Inside a window a page number is one word,
//
//        page = (high & 0x7ff) << 20 | low >> 12
//
//   so an inner node of the tree is one JGT and a leaf TXA, JGE. A 47-bit
//   address space has sixteen windows, and a program's ranges lie in two or
//   three of them. For each of these the span is clamped to the window and
//   looked up.
//
// 2^32 pages would fit a word too. But the kernel translates the program into
// its own instructions, whose constants are signed: a comparison with a
// constant above 2^31 becomes two of them (net/core/filter.c,
// bpf_convert_filter), and libraries lie high in their window. So the smaller
// window saves a third of what the kernel counts, translates and runs for each
// range.
//
// In a tree, A is the first page of the span and X the last. The ranges are
// sorted and disjoint, so the first range that ends behind A is the only one
// that must be compared with X:
//
//         JGT  last page of range m ?  right half : left half
//         ...
//   leaf: TXA
//         JGE  first page of the range ?  hit : miss
//
// That is three instructions a range. Where several ranges lie in 32 pages, one
// leaf has them all, as bits:
//
//   leaf: LD #which of the 32 pages are sealed; LDX #the last of them; JA bits
//
// and `bits`, which all leaves of a tree share, cuts off what lies behind the
// span's last page and before its first one. That is four instructions for up
// to 16 ranges. Page sizes above 4 KiB change nothing: such pages are runs of
// these.
#pragma once

#include <optional>
#include <span>

#include "bpf/assembler.h"
#include "filter/syscall_table.h"
#include "memseal/page_range.h"

namespace memseal::filter {

/// Offsets in struct seccomp_data.
inline constexpr std::uint32_t number_offset = 0;
inline constexpr std::uint32_t architecture_offset = 4;
constexpr std::uint32_t low_of(unsigned argument) {
  return 16 + 8 * argument;
}
constexpr std::uint32_t high_of(unsigned argument) {
  return 20 + 8 * argument;
}

/// Builds pieces of program in front of pieces that exist; see
/// bpf/assembler.h for the way of speaking.
class PageCheck {
public:
  PageCheck(bpf::Assembler &assembler, Architecture architecture)
      : as_(assembler), architecture_(architecture) {}

  /// `hit` if the span touches one of the ranges, else `miss`.
  ///
  /// Needs:   sorted, disjoint ranges; a `span` node in front.
  bpf::Node touches(std::span<const PageRange> ranges, bpf::Node hit,
                    bpf::Node miss);

  /// `inside` if the span lies wholly in one of the ranges, else `outside`.
  ///
  /// Needs:   sorted, disjoint ranges that do not touch, of multiples of 4 GiB;
  ///          a `span` node in front.
  bpf::Node within(std::span<const PageRange> ranges, bpf::Node inside,
                   bpf::Node outside);

  /// What `touches` takes at least.
  static std::size_t least_instructions(std::span<const PageRange> ranges);

  /// Computes the span of `length` bytes from `address`, two argument numbers,
  /// for `next`. A span that wraps reaches to the end of memory. A length of 0
  /// touches nothing and goes on with `nothing`.
  bpf::Node span(unsigned address, unsigned length, bpf::Node next,
                 bpf::Node nothing);

  /// Computes the span of the one byte at `address`.
  bpf::Node byte(unsigned address, bpf::Node next);

  /// Remembers, for `rounded_to_alignment`, what the arguments `address` and
  /// `offset` are multiples of; the same argument twice if there is no offset.
  bpf::Node alignment(unsigned address, unsigned offset, bpf::Node next);
  /// Rounds the end of the span up to the largest size of huge page that the
  /// alignment allows. Where huge pages are mapped the kernel rounds the
  /// length.
  bpf::Node rounded_to_alignment(bpf::Node next);

  /// Rounds the end of the span, which begins at argument `to`, as
  /// last_byte_moved_onto in filter/huge_pages.h does.
  bpf::Node rounded_for_move(unsigned from, unsigned to, bpf::Node next);

private:
  /// Windows in which every page is guarded: the high words alone decide.
  bpf::Node in_whole_windows(std::uint32_t first, std::uint32_t last,
                             bpf::Node hit, bpf::Node next, bpf::Node miss);
  bpf::Node in_window(std::uint32_t window, std::span<const PageRange> ranges,
                      bpf::Node hit, bpf::Node next, bpf::Node miss);
  /// A tree over ranges, or over clusters of them if there is a node `bits`
  /// that judges those.
  struct Tree {
    std::uint32_t window;
    std::span<const PageRange> ranges;
    std::optional<bpf::Node> bits;
    bpf::Node hit, miss;
  };
  bpf::Node branch(const Tree &tree, std::size_t first, std::size_t leaves);
  bpf::Node leaf(const Tree &tree, std::size_t first);
  bpf::Node judge_bits(bpf::Node hit, bpf::Node miss);
  bpf::Node load_address_high(unsigned argument, bpf::Node next);

  // Pieces of the two that round. M[misfit] has a bit that lies inside of a
  // huge page if none of that size can be there.
  bpf::Node combine(std::uint16_t operation, unsigned a, unsigned b,
                    bpf::Node next);
  bpf::Node if_fits(std::uint64_t size, bpf::Node fits, bpf::Node fits_not);
  bpf::Node measure_reach(bpf::Node next);
  bpf::Node if_begins_inside(std::uint64_t size, bpf::Node yes, bpf::Node no);
  bpf::Node round_to(std::uint64_t size, bpf::Node next);

  bpf::Assembler &as_;
  Architecture architecture_;
};

}  // namespace memseal::filter
