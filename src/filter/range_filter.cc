// SPDX-License-Identifier: Apache-2.0
// Dispatch and conditions: which calls a seal forbids, and when.
#include <linux/mman.h>

#include <array>
#include <optional>

#include "base/assert.h"
#include "filter/action.h"
#include "filter/compiler.h"
#include "filter/page_check.h"
#include "vm/advice.h"

namespace memseal::filter {
namespace {

using namespace bpf::op;
using bpf::Node;

constexpr std::uint32_t all_ones = 0xffffffff;
constexpr std::uint32_t prot_read = 1;

// The sets of pages that calls are held against. Pages that hold MPROTECT are
// in two sets: PROT_READ may be asked for on the downgradable ones.
enum class Set : std::uint8_t { raise, lower, munmap, mmap, mremap, discard };
constexpr std::size_t set_count = 6;

bool holds(const GuardedRange &guarded, Set set) {
  switch (set) {
    case Set::raise:
      return guarded.types.has(seal_type::mprotect);
    case Set::lower:
      return guarded.types.has(seal_type::mprotect) &&
             guarded.downgrade == Downgrade::refused;
    case Set::munmap:
      return guarded.types.has(seal_type::munmap);
    case Set::mmap:
      return guarded.types.has(seal_type::mmap);
    case Set::mremap:
      return guarded.types.has(seal_type::mremap);
    case Set::discard:
      return guarded.types.has(seal_type::discard);
  }
  return false;
}

class RangeFilter {
public:
  RangeFilter(std::span<const GuardedRange> ranges, const RangeOptions &options,
              std::span<bpf::Instruction> storage, std::span<PageRange> scratch)
      : ranges_(ranges),
        options_(options),
        scratch_(scratch),
        as_(storage),
        check_(as_, options.architecture) {
    MEMSEAL_ASSERT(scratch.size() >= ranges.size());
    for (std::size_t i = 1; i < ranges.size(); ++i)
      MEMSEAL_ASSERT(ranges[i - 1].range.end() <= ranges[i].range.begin());
  }

  Result<bpf::Program> compile() {
    if (options_.part == ProgramPart::whole && !could_hold_two_trees())
      return fail(Errc::budget);
    allow_ = as_.ret(action::allow);
    violation_ = as_.ret(action_for(options_.on_violation));
    build_moves();
    if (options_.part == ProgramPart::moved_from)
      build_moved_from();
    else
      build_calls();
    std::span<const SyscallTable> tables = tables_of(options_.architecture);
    Node other = allow_;
    for (std::size_t i = tables.size(); i-- > 0;)
      other = as_.jump(jeq_k, tables[i].audit_architecture, dispatch(tables[i]),
                       other);
    return as_.finish(as_.then(ld, architecture_offset, other));
  }

private:
  // --- trees ---------------------------------------------------------------

  /// The pages of a set, touching ranges merged.
  std::span<const PageRange> merged(Set set) {
    std::size_t count = 0;
    for (const GuardedRange &guarded : ranges_) {
      if (!holds(guarded, set))
        continue;
      PageRange range = guarded.range;
      if (count != 0 && scratch_[count - 1].end() == range.begin()) {
        PageRange before = scratch_[count - 1];
        // Both are whole pages already; 1 divides everything.
        scratch_[count - 1] =
            *PageRange::create(before.begin(), range.end() - before.begin(), 1);
      } else {
        scratch_[count++] = range;
      }
    }
    return scratch_.first(count);
  }

  /// Saves the work of compiling what cannot fit.
  bool could_hold_two_trees() {
    return 2 * PageCheck::least_instructions(merged(Set::mremap)) <=
           bpf::max_instructions;
  }

  bool same_pages(Set a, Set b) const {
    for (const GuardedRange &guarded : ranges_) {
      if (holds(guarded, a) != holds(guarded, b))
        return false;
    }
    return true;
  }

  std::optional<Node> &known(Set set) {
    return trees_[static_cast<std::size_t>(set)];
  }

  /// Violation or allowed. Sets with the same pages share a tree.
  Node tree_of(Set set) {
    if (known(set))
      return *known(set);
    for (std::size_t i = 0; i < set_count; ++i) {
      if (trees_[i] && same_pages(set, static_cast<Set>(i)))
        return *(known(set) = trees_[i]);
    }
    return *(known(set) = check_.touches(merged(set), violation_, allow_));
  }

  /// mremap with MREMAP_FIXED holds two ranges against the tree: the new one
  /// first, and when that is a miss, the old one in a second copy. Other calls
  /// that share the first tree leave it by the same miss, so it asks again
  /// which call this is.
  void build_moves() {
    if (options_.part == ProgramPart::moved_from) {
      moved_from_ =
          old_range(check_.touches(merged(Set::mremap), violation_, allow_));
      return;
    }
    Node miss = allow_;
    if (options_.part == ProgramPart::whole && !merged(Set::mremap).empty()) {
      Node old =
          old_range(check_.touches(merged(Set::mremap), violation_, allow_));
      Node fixed =
          as_.then(ld, low_of(3), as_.jump(jset_k, MREMAP_FIXED, old, allow_));
      for (const SyscallTable &table : tables_of(options_.architecture))
        miss = as_.jump(jeq_k, table.mremap, fixed, miss);
      miss = as_.then(ld, number_offset, miss);
    }
    not_onto_ = miss;
    known(Set::mremap) = check_.touches(merged(Set::mremap), violation_, miss);
  }

  // --- conditions ----------------------------------------------------------

  /// The range (argument 0, argument 1) against a set. Sets that share a tree
  /// share this too.
  Node range_in(Set set) {
    Node tree = tree_of(set);
    if (tree == allow_)
      return allow_;
    std::optional<Node> &node = spans_[static_cast<std::size_t>(set)];
    for (std::size_t i = 0; i < set_count && !node; ++i) {
      if (spans_[i] && trees_[i] == tree)
        node = spans_[i];
    }
    if (!node)
      node = check_.span(0, 1, tree, allow_);
    return *node;
  }

  /// One protection, and no protection key, may fall on downgradable pages.
  Node mprotect(bool with_key) {
    Node raises = range_in(Set::raise), lowers = range_in(Set::lower);
    if (raises == lowers)
      return raises;
    Node reads = lowers;
    if (with_key)
      reads =
          as_.then(ld, low_of(3), as_.jump(jeq_k, all_ones, lowers, raises));
    reads = as_.then(ld, high_of(2), as_.jump(jeq_k, 0, reads, raises));
    return as_.then(ld, low_of(2), as_.jump(jeq_k, prot_read, reads, raises));
  }

  Node madvise() {
    Node discards = range_in(Set::discard);
    if (discards == allow_)
      return allow_;
    Node advice = allow_;
    for (const Advice &one : destructive_advice)
      advice = as_.jump(jeq_k, one.number, discards, advice);
    return as_.then(ld, low_of(2), advice);
  }

  /// MAP_FIXED replaces. Where pages may be huge ones, by the flag or because
  /// the file says so, the kernel rounds the length up to them. A file's offset
  /// must then be a multiple as well, which ld.so's segments hardly ever are;
  /// `offset` is its argument, 0 where that counts pages.
  Node mmap(unsigned offset) {
    Node plain = range_in(Set::mmap);
    if (plain == allow_)
      return allow_;
    Node tree = tree_of(Set::mmap);
    if (!huge_)
      huge_ = check_.span(0, 1, check_.rounded_to_alignment(tree), allow_);
    Node by_flag = check_.alignment(0, 0, *huge_);
    Node fixed = plain;
    if (options_.huge_files == HugeFiles::possible) {
      Node by_file =
          offset == 0 ? by_flag : check_.alignment(0, offset, *huge_);
      fixed = as_.jump(jset_k, MAP_ANONYMOUS, plain, by_file);
    }
    fixed = as_.jump(jset_k, MAP_HUGETLB, by_flag, fixed);
    return as_.then(ld, low_of(3), as_.jump(jset_k, MAP_FIXED, fixed, allow_));
  }

  /// A length of 0, or one that rounds to it, still means one page: it makes
  /// an alias of shared memory.
  Node old_range(Node tree) {
    Node page = check_.byte(0, tree);
    Node range = check_.span(0, 1, tree, page);
    Node rounds_to_0 =
        as_.then(ld, low_of(1), as_.jump(jgt_k, 0xfffff000, page, range));
    return as_.then(ld, high_of(1),
                    as_.jump(jeq_k, all_ones, rounds_to_0, range));
  }

  Node mremap() {
    Node tree = tree_of(Set::mremap);
    if (tree == allow_)
      return allow_;
    Node old = old_range(tree);
    Node target =
        check_.span(4, 2, check_.rounded_for_move(0, 4, tree), not_onto_);
    return as_.then(ld, low_of(3), as_.jump(jset_k, MREMAP_FIXED, target, old));
  }

  /// The answer is 0, not an error, since brk knows none. brk(0) only asks.
  Node brk() {
    if (!options_.breaks)
      return allow_;
    Node refuse = options_.on_violation == OnViolation::deny
                      ? as_.ret(action::succeed)
                      : violation_;
    return check_.byte(
        0, check_.touches(std::span(&*options_.breaks, 1), refuse, allow_));
  }

  Node shmdt() {
    Node next = allow_;
    for (Address at : options_.attachments) {
      auto high = static_cast<std::uint32_t>(at >> 32);
      auto low = static_cast<std::uint32_t>(at);
      Node same =
          as_.then(ld, high_of(0), as_.jump(jeq_k, high, violation_, next));
      next = as_.then(ld, low_of(0), as_.jump(jeq_k, low, same, next));
    }
    return next;
  }

  // --- dispatch ------------------------------------------------------------

  /// What is asked of each call that reached the program; allow_ if nothing.
  struct Calls {
    Node mprotect, pkey_mprotect, munmap, mmap, mmap2, mremap, madvise, brk,
        shmdt, remap_file_pages;
  };

  void build_calls() {
    // All trees first: what stands between them and their users makes jumps
    // longer.
    for (Set set :
         {Set::raise, Set::lower, Set::munmap, Set::mmap, Set::discard})
      tree_of(set);
    calls_ = {.mprotect = mprotect(false),
              .pkey_mprotect = mprotect(true),
              .munmap = range_in(Set::munmap),
              .mmap = mmap(5),
              .mmap2 = mmap(0),
              .mremap = mremap(),
              .madvise = madvise(),
              .brk = brk(),
              .shmdt = shmdt(),
              .remap_file_pages = range_in(Set::mmap)};
  }

  void build_moved_from() {
    Node moves = as_.then(ld, low_of(3),
                          as_.jump(jset_k, MREMAP_FIXED, moved_from_, allow_));
    calls_ = {allow_, allow_, allow_, allow_, allow_,
              moves,  allow_, allow_, allow_, allow_};
  }

  /// Jumps on constants only: the kernel runs this part once for each number
  /// at install time, and a call that it sees allowed never enters the program
  /// (kernel/seccomp.c, seccomp_is_const_allow).
  Node dispatch(const SyscallTable &table) {
    Node next = allow_;
    auto on = [&](std::uint32_t number, Node node) {
      if (number != no_such_call)
        next = as_.jump(jeq_k, number, node, next);
    };
    on(table.remap_file_pages, calls_.remap_file_pages);
    on(table.shmdt, calls_.shmdt);
    on(table.pkey_mprotect, calls_.pkey_mprotect);
    on(table.mremap, calls_.mremap);
    on(table.brk, calls_.brk);
    on(table.mprotect, calls_.mprotect);
    on(table.madvise, calls_.madvise);
    on(table.munmap, calls_.munmap);
    on(table.mmap, table.offset_in_pages ? calls_.mmap2 : calls_.mmap);
    return as_.then(ld, number_offset, next);
  }

  std::span<const GuardedRange> ranges_;
  const RangeOptions &options_;
  std::span<PageRange> scratch_;
  bpf::Assembler as_;
  PageCheck check_;
  Node allow_, violation_;
  Node moved_from_;  ///< MREMAP_FIXED: judges the old range
  Node not_onto_;    ///< the same, once the new range was a miss
  std::array<std::optional<Node>, set_count> trees_, spans_;
  std::optional<Node> huge_;  ///< mmap, where pages may be huge
  Calls calls_{};
};

}  // namespace

Result<bpf::Program> compile(std::span<const GuardedRange> ranges,
                             const RangeOptions &options,
                             std::span<bpf::Instruction> storage,
                             std::span<PageRange> scratch) {
  return RangeFilter(ranges, options, storage, scratch).compile();
}

}  // namespace memseal::filter
