// SPDX-License-Identifier: Apache-2.0
#include "filter/page_check.h"

#include <algorithm>

#include "base/assert.h"
#include "filter/huge_pages.h"

namespace memseal::filter {
namespace {

using namespace bpf::op;  // the vocabulary of every line below
using bpf::Node;

// Words of scratch memory.
constexpr std::uint32_t first_low = 0, first_high = 1;    // first byte
constexpr std::uint32_t last_low = 2, last_high = 3;      // last byte
constexpr std::uint32_t first_page = 4;                   // inside a window
constexpr std::uint32_t misfit_low = 5, misfit_high = 6;  // huge pages, below
constexpr std::uint32_t reach_low = 7, reach_high = 8;
constexpr std::uint32_t last_page = 9;  // inside a window
constexpr std::uint32_t sealed_bits = 10, behind = 11, before = 12;

constexpr std::uint32_t all_ones = 0xffffffff;

// 8 TiB: the high word, less its low 11 bits.
constexpr unsigned window_bits = 43;
constexpr std::uint32_t high_in_window = (1U << (window_bits - 32)) - 1;
constexpr std::uint32_t last_of_window = (1U << (window_bits - 12)) - 1;

constexpr std::uint32_t window_of(Address address) {
  return static_cast<std::uint32_t>(address >> window_bits);
}
constexpr std::uint32_t page_in_window(Address address) {
  return static_cast<std::uint32_t>(address >> 12) & last_of_window;
}

// The high words of a window's addresses.
constexpr std::uint32_t lowest_in(std::uint32_t window) {
  return window << (window_bits - 32);
}
constexpr std::uint32_t highest_in(std::uint32_t window) {
  return lowest_in(window) | high_in_window;
}

// Whether a range has all of a window, and of which one first.
std::uint32_t first_whole_window(PageRange range) {
  return window_of(range.begin() + (Address{1} << window_bits) - 1);
}
bool is_whole(std::uint32_t window, PageRange range) {
  return first_whole_window(range) <= window && window < window_of(range.end());
}

// Where a range ends in a window that it may leave.
std::uint32_t last_page_in(std::uint32_t window, PageRange range) {
  Address last = range.end() - 1;
  return window_of(last) > window ? last_of_window : page_in_window(last);
}
std::uint32_t first_page_in(std::uint32_t window, PageRange range) {
  return window_of(range.begin()) < window ? 0 : page_in_window(range.begin());
}

// --- clusters: ranges that lie in 32 pages
// ------------------------------------

constexpr std::uint32_t cluster_pages = 32;
constexpr std::size_t instructions_per_range = 3, instructions_per_cluster = 4;
// What is there once for all clusters of a tree: judge_bits, a store in front.
constexpr std::size_t instructions_for_clusters = 25;

/// Behind the last range that lies in one cluster with `first`: none does if
/// that one is long.
std::size_t end_of_cluster(std::uint32_t window,
                           std::span<const PageRange> ranges,
                           std::size_t first) {
  const std::uint32_t begin = first_page_in(window, ranges[first]);
  std::size_t end = first + 1;
  while (end < ranges.size() &&
         last_page_in(window, ranges[end]) - begin < cluster_pages)
    ++end;
  return end;
}

struct ClusterCount {
  std::size_t leaves = 0, instructions = 0;
};
ClusterCount count_clusters(std::uint32_t window,
                            std::span<const PageRange> ranges) {
  ClusterCount count;
  for (std::size_t at = 0; at < ranges.size(); ++count.leaves) {
    const std::size_t end = end_of_cluster(window, ranges, at);
    count.instructions +=
        end == at + 1 ? instructions_per_range : instructions_per_cluster;
    at = end;
  }
  return count;
}
bool clusters_pay(const ClusterCount &count,
                  std::span<const PageRange> ranges) {
  return count.instructions + instructions_for_clusters <
         instructions_per_range * ranges.size();
}

}  // namespace

std::size_t PageCheck::least_instructions(std::span<const PageRange> ranges) {
  std::size_t least = 0;
  while (!ranges.empty()) {
    const std::uint32_t window = window_of(ranges.front().begin());
    std::size_t end = 1;
    while (end < ranges.size() && window_of(ranges[end].begin()) == window)
      ++end;
    least += std::min(count_clusters(window, ranges.first(end)).instructions,
                      instructions_per_range * end);
    ranges = ranges.subspan(end);
  }
  return least;
}

Node PageCheck::touches(std::span<const PageRange> ranges, Node hit,
                        Node miss) {
  if (ranges.empty())
    return miss;
  // Backwards through the windows, since what comes next must be there first.
  Node next = miss;
  std::uint32_t lowest = window_of(ranges.front().begin());
  std::uint32_t window = window_of(ranges.back().end() - 1);
  for (;;) {
    auto reaches = [&](PageRange r) {
      return window_of(r.begin()) <= window && window <= window_of(r.end() - 1);
    };
    auto begin = std::find_if(ranges.begin(), ranges.end(), reaches);
    auto end = std::find_if_not(begin, ranges.end(), reaches);
    if (begin != end && is_whole(window, *begin)) {
      std::uint32_t first = first_whole_window(*begin);
      next = in_whole_windows(first, window, hit, next, miss);
      window = first;
    } else if (begin != end) {
      next = in_window(window, std::span(begin, end), hit, next, miss);
    }
    if (window == lowest)
      return next;
    // Straight to the next window in use: there are 2^20 of them.
    Address below = Address{window} << window_bits;
    for (PageRange r : ranges) {
      if (r.begin() < below)
        window =
            std::min(window_of(r.end() - 1),
                     static_cast<std::uint32_t>((below - 1) >> window_bits));
    }
  }
}

// A is the high word of the first byte all along. A range begins below and ends
// above the whole words of it, so the high words alone decide.
Node PageCheck::within(std::span<const PageRange> ranges, Node inside,
                       Node outside) {
  Node next = outside;
  for (std::size_t i = ranges.size(); i-- > 0;) {
    MEMSEAL_ASSERT(((ranges[i].begin() | ranges[i].end()) & all_ones) == 0);
    auto begin = static_cast<std::uint32_t>(ranges[i].begin() >> 32);
    auto end = static_cast<std::uint32_t>(ranges[i].end() >> 32);
    Node ends =
        as_.then(ld_mem, last_high, as_.jump(jge_k, end, outside, inside));
    next = as_.jump(jge_k, begin, as_.jump(jge_k, end, next, ends), outside);
  }
  return as_.then(ld_mem, first_high, next);
}

Node PageCheck::in_whole_windows(std::uint32_t first, std::uint32_t last,
                                 Node hit, Node next, Node miss) {
  Node begins = as_.then(ld_mem, first_high,
                         as_.jump(jgt_k, highest_in(last), next, hit));
  return as_.then(ld_mem, last_high,
                  as_.jump(jge_k, lowest_in(first), begins, miss));
}

Node PageCheck::in_window(std::uint32_t window,
                          std::span<const PageRange> ranges, Node hit,
                          Node next, Node miss) {
  const std::uint32_t lowest = lowest_in(window), highest = highest_in(window);
  Tree tree{window, ranges, {}, hit, next};
  std::size_t leaves = ranges.size();
  ClusterCount clusters = count_clusters(window, ranges);
  if (clusters_pay(clusters, ranges)) {
    tree.bits = judge_bits(hit, next);
    leaves = clusters.leaves;
  }
  Node look_up = as_.then(ld_mem, first_page, branch(tree, 0, leaves));
  if (tree.bits)
    look_up = as_.then(stx, last_page, look_up);

  // X = last page, clamped; the high word is in A.
  Node last_inside = as_.then(tax, 0, look_up);
  last_inside = as_.then(or_x, 0, last_inside);
  last_inside = as_.then(rsh_k, 12, last_inside);
  last_inside = as_.then(ld_mem, last_low, last_inside);
  last_inside = as_.then(tax, 0, last_inside);
  last_inside = as_.then(lsh_k, 20, last_inside);
  last_inside = as_.then(and_k, high_in_window, last_inside);
  Node last_above = as_.then(ldx_imm, last_of_window, look_up);
  Node last = as_.then(ld_mem, last_high,
                       as_.jump(jgt_k, highest, last_above, last_inside));

  // M[first_page] = first page, clamped; the high word is in A.
  Node store = as_.then(st, first_page, last);
  Node first_below = as_.then(ld_imm, 0, store);
  Node first_inside = as_.then(or_x, 0, store);
  first_inside = as_.then(rsh_k, 12, first_inside);
  first_inside = as_.then(ld_mem, first_low, first_inside);
  first_inside = as_.then(tax, 0, first_inside);
  first_inside = as_.then(lsh_k, 20, first_inside);
  first_inside = as_.then(and_k, high_in_window, first_inside);
  Node first = as_.jump(jge_k, lowest, first_inside, first_below);

  // The span begins behind this window, or ends before it (and then before all
  // later ones too).
  Node begins =
      as_.then(ld_mem, first_high, as_.jump(jgt_k, highest, next, first));
  return as_.then(ld_mem, last_high, as_.jump(jge_k, lowest, begins, miss));
}

// Leaf i is reached when the span begins behind leaf i - 1's ranges and not
// behind its own; behind all of them comes one more leaf. `first` is the first
// range of the leftmost leaf here.
Node PageCheck::branch(const Tree &tree, std::size_t first,
                       std::size_t leaves) {
  if (leaves == 0)
    return leaf(tree, first);
  auto end_of_leaf = [&](std::size_t begin) {
    return tree.bits ? end_of_cluster(tree.window, tree.ranges, begin)
                     : begin + 1;
  };
  std::size_t middle = first;
  for (std::size_t i = 0; i < leaves / 2; ++i)
    middle = end_of_leaf(middle);
  const std::size_t end = end_of_leaf(middle);
  Node right = branch(tree, end, leaves - leaves / 2 - 1);
  Node left = branch(tree, first, leaves / 2);
  return as_.jump(jgt_k, last_page_in(tree.window, tree.ranges[end - 1]), right,
                  left);
}

// A is the first page of the span, X the last.
Node PageCheck::leaf(const Tree &tree, std::size_t first) {
  if (first == tree.ranges.size())
    return tree.miss;
  const std::uint32_t begin = first_page_in(tree.window, tree.ranges[first]);
  std::size_t end = first + 1;
  if (tree.bits)
    end = end_of_cluster(tree.window, tree.ranges, first);
  if (end == first + 1)
    return as_.then(txa, 0, as_.jump(jge_k, begin, tree.hit, tree.miss));
  const std::uint32_t last = last_page_in(tree.window, tree.ranges[end - 1]);
  std::uint32_t bits = 0;
  for (const PageRange &range : tree.ranges.subspan(first, end - first)) {
    for (std::uint32_t page = first_page_in(tree.window, range);
         page <= last_page_in(tree.window, range); ++page)
      bits |= 0x80000000U >> ((last - page) % cluster_pages);
  }
  return as_.then(ld_imm, bits, as_.then(ldx_imm, last, *tree.bits));
}

// A has a bit for each of 32 pages, the highest one for page X, which is sealed
// and not before the span's first page. In program order:
//
//          last page > X: hit
//          behind = X - last page;  above 31: the span ends before the 32 pages
//          length = last page - first page
//          before = 31 - length, or 0: what lies before the span
//          bits << behind >> before is not 0: hit
//
// For << takes the bits behind the span and leaves the last page's the highest;
// that of the first page is `length` below it, and >> takes those below that.
Node PageCheck::judge_bits(Node hit, Node miss) {
  Node cut = as_.then(rsh_x, 0, as_.jump(jeq_k, 0, miss, hit));
  cut = as_.then(lsh_x, 0, as_.then(ldx_mem, before, cut));
  cut = as_.then(ldx_mem, behind, as_.then(ld_mem, sealed_bits, cut));
  cut = as_.then(st, before, cut);

  Node none = as_.then(ld_imm, 0, cut);
  Node some = as_.then(neg, 0, as_.then(add_k, cluster_pages - 1, cut));
  Node length = as_.jump(jgt_k, cluster_pages - 1, none, some);
  length = as_.then(ldx_mem, first_page, as_.then(sub_x, 0, length));
  length = as_.then(ld_mem, last_page, length);

  Node inside =
      as_.jump(jgt_k, cluster_pages - 1, miss, as_.then(st, behind, length));
  inside = as_.then(sub_x, 0, inside);
  Node ends = as_.then(
      txa, 0, as_.then(ldx_mem, last_page, as_.jump(jge_x, 0, inside, hit)));
  return as_.then(st, sealed_bits, ends);
}

Node PageCheck::load_address_high(unsigned argument, Node next) {
  // arm64 ignores the top byte of an address, and many calls take it so.
  if (architecture_ == Architecture::arm64)
    next = as_.then(and_k, 0x00ffffff, next);
  return as_.then(ld, high_of(argument), next);
}

Node PageCheck::byte(unsigned address, Node next) {
  next = as_.then(st, last_high, next);
  next = as_.then(st, first_high, next);
  next = load_address_high(address, next);
  next = as_.then(st, last_low, next);
  next = as_.then(st, first_low, next);
  return as_.then(ld, low_of(address), next);
}

// last = address + length - 1. In program order:
//
//          first = address
//          X = low length;  A = low address + X;  M[last_low] = A
//          A < X: carry
//   carry: X = high length + 1   (all ones: wraps)
//   else:  X = high length
//          A = high address + X;  M[last_high] = A
//          A < X: wraps
//          subtract one, with borrow
//   wraps: last = 2^64 - 1
Node PageCheck::span(unsigned address, unsigned length, Node next,
                     Node nothing) {
  Node wraps = as_.then(st, last_high, next);
  wraps = as_.then(st, last_low, wraps);
  wraps = as_.then(ld_imm, all_ones, wraps);

  Node borrow = as_.then(st, last_low, next);
  borrow = as_.then(ld_imm, all_ones, borrow);
  borrow = as_.then(st, last_high, borrow);
  borrow = as_.then(sub_k, 1, borrow);
  borrow = as_.then(ld_mem, last_high, borrow);
  Node plain = as_.then(sub_k, 1, as_.then(st, last_low, next));
  Node minus_one =
      as_.then(ld_mem, last_low, as_.jump(jeq_k, 0, borrow, plain));

  Node high = as_.jump(jge_x, 0, minus_one, wraps);
  high = as_.then(st, last_high, high);
  high = as_.then(add_x, 0, high);
  high = as_.then(ld_mem, first_high, high);
  high = as_.then(tax, 0, high);
  Node carry = as_.then(add_k, 1, high);
  carry = as_.jump(jeq_k, all_ones, wraps, carry);
  carry = as_.then(ld, high_of(length), carry);
  Node no_carry = as_.then(ld, high_of(length), high);

  Node low = as_.jump(jge_x, 0, no_carry, carry);
  low = as_.then(st, last_low, low);
  low = as_.then(add_x, 0, low);
  low = as_.then(st, first_low, low);
  low = as_.then(ld, low_of(address), low);
  low = as_.then(tax, 0, low);
  low = as_.then(ld, low_of(length), low);
  low = load_address_high(address, as_.then(st, first_high, low));

  Node low_is_zero =
      as_.then(ld, high_of(length), as_.jump(jeq_k, 0, nothing, low));
  return as_.then(ld, low_of(length), as_.jump(jeq_k, 0, low_is_zero, low));
}

// --- huge pages --------------------------------------------------------------

namespace {

// 16 GiB; every other size is below 4 GiB.
constexpr bool is_wide(std::uint64_t size) {
  return size >> 32 != 0;
}
// The bits of an address inside of a huge page, in its low and its high word.
constexpr std::uint32_t low_inside(std::uint64_t size) {
  return static_cast<std::uint32_t>(size - 1);
}
constexpr std::uint32_t high_inside(std::uint64_t size) {
  return static_cast<std::uint32_t>((size - 1) >> 32);
}

}  // namespace

Node PageCheck::round_to(std::uint64_t size, Node next) {
  if (is_wide(size)) {
    next = as_.then(st, last_high, next);
    next = as_.then(or_k, high_inside(size), next);
    next = as_.then(ld_mem, last_high, next);
  }
  next = as_.then(st, last_low, next);
  next = as_.then(or_k, low_inside(size), next);
  return as_.then(ld_mem, last_low, next);
}

Node PageCheck::if_fits(std::uint64_t size, Node fits, Node fits_not) {
  if (is_wide(size))
    fits = as_.then(ld_mem, misfit_high,
                    as_.jump(jset_k, high_inside(size), fits_not, fits));
  return as_.then(ld_mem, misfit_low,
                  as_.jump(jset_k, low_inside(size), fits_not, fits));
}

Node PageCheck::if_begins_inside(std::uint64_t size, Node yes, Node no) {
  if (is_wide(size))
    return as_.then(ld_mem, reach_high,
                    as_.jump(jgt_k, high_inside(size), yes, no));
  return as_.then(ld_mem, reach_low,
                  as_.jump(jgt_k, low_inside(size), yes, no));
}

// reach = (first - 1) ^ last. The huge page of the last byte begins in the span
// if the byte before the span is not in it: if reach is as large as the page.
Node PageCheck::measure_reach(Node next) {
  Node far = as_.then(ld_imm, all_ones, as_.then(st, reach_low, next));
  Node high = as_.then(st, reach_high, as_.jump(jeq_k, 0, next, far));
  high =
      as_.then(tax, 0, as_.then(ld_mem, last_high, as_.then(xor_x, 0, high)));
  Node borrow = as_.then(ld_mem, first_high, as_.then(sub_k, 1, high));
  Node no_borrow = as_.then(ld_mem, first_high, high);

  Node low = as_.jump(jeq_k, 0, borrow, no_borrow);
  low = as_.then(st, reach_low, as_.then(ld_mem, first_low, low));
  low = as_.then(tax, 0, as_.then(ld_mem, last_low, as_.then(xor_x, 0, low)));
  return as_.then(ld_mem, first_low, as_.then(sub_k, 1, low));
}

Node PageCheck::combine(std::uint16_t operation, unsigned a, unsigned b,
                        Node next) {
  auto word = [&](std::uint32_t of_a, std::uint32_t of_b, std::uint32_t into,
                  Node then) {
    then = as_.then(st, into, then);
    if (of_a != of_b) {
      then = as_.then(ld, of_b, as_.then(operation, 0, then));
      then = as_.then(tax, 0, then);
    }
    return as_.then(ld, of_a, then);
  };
  if (is_wide(huge_page_sizes(architecture_).back()))
    next = word(high_of(a), high_of(b), misfit_high, next);
  return word(low_of(a), low_of(b), misfit_low, next);
}

Node PageCheck::alignment(unsigned address, unsigned offset, Node next) {
  return combine(or_x, address, offset, next);
}

// Backwards: the smallest size is asked for last.
Node PageCheck::rounded_to_alignment(Node next) {
  Node test = next;
  for (std::uint64_t size : huge_page_sizes(architecture_))
    test = if_fits(size, round_to(size, next), test);
  return test;
}

Node PageCheck::rounded_for_move(unsigned from, unsigned to, Node next) {
  Node test = next;
  for (std::uint64_t size : huge_page_sizes(architecture_)) {
    Node round = if_begins_inside(size, round_to(size, next), test);
    test = if_fits(size, round, test);
  }
  return measure_reach(combine(xor_x, from, to, test));
}

}  // namespace memseal::filter
