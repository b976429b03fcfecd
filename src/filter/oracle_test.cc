// SPDX-License-Identifier: Apache-2.0
// Random ranges and random calls, judged twice: by the compiled program in the
// interpreter, and by the plain reading of docs/semantics.md below, which walks
// over all ranges with 128-bit numbers. The two share no rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <sstream>
#include <vector>

#include "bpf/machine.h"
#include "filter/compiler.h"

namespace memseal::filter {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t page = 4096;
constexpr std::uint32_t allow = 0x7fff0000, eperm = 0x00050001,
                        return_0 = 0x00050000;

// Written down again, from the kernel's tables, instead of taken from the
// compiler's.
struct Numbers {
  Architecture process;
  std::uint32_t audit;
  std::uint32_t mprotect, pkey_mprotect, munmap, mmap, mremap, madvise, brk,
      shmdt, remap_file_pages;
  bool wide;  // 64-bit registers, and mmap's offset in bytes
};
constexpr Numbers ways[] = {
    {Architecture::x86_64, 0xc000003e, 10, 329, 11, 9, 25, 28, 12, 67, 216,
     true},
    {Architecture::x86_64, 0x40000003, 125, 380, 91, 192, 163, 219, 45, 398,
     257, false},
    {Architecture::arm64, 0xc00000b7, 226, 288, 215, 222, 216, 233, 214, 197,
     234, true},
    {Architecture::arm64, 0x40000028, 125, 394, 91, 192, 163, 220, 45, 306, 253,
     false},
};

struct Bytes {
  Wide begin, end;
};

class Oracle {
public:
  Oracle(const Numbers &numbers, std::span<const GuardedRange> ranges,
         const RangeOptions &options)
      : n_(numbers), ranges_(ranges), options_(options) {}

  std::uint32_t judge(const bpf::SyscallData &call) const {
    auto violation = action_for(options_.on_violation);
    auto number = static_cast<std::uint32_t>(call.number);
    const auto &a = call.arguments;
    if (number == n_.brk) {
      Bytes at = span(a[0], 1);
      if (!options_.breaks || at.begin < options_.breaks->begin() ||
          at.begin >= options_.breaks->end())
        return allow;
      return options_.on_violation == OnViolation::deny ? return_0 : violation;
    }
    return forbidden(number, a) ? violation : allow;
  }

private:
  bool forbidden(std::uint32_t number, const std::uint64_t *a) const {
    if (number == n_.mprotect || number == n_.pkey_mprotect) {
      bool lowers = a[2] == 1 && (number == n_.mprotect ||
                                  static_cast<std::uint32_t>(a[3]) == ~0U);
      return any(span(a[0], a[1]), seal_type::mprotect, lowers);
    }
    if (number == n_.munmap)
      return any(span(a[0], a[1]), seal_type::munmap);
    if (number == n_.remap_file_pages)
      return any(span(a[0], a[1]), seal_type::mmap);
    if (number == n_.madvise)
      return destroys(static_cast<std::uint32_t>(a[2])) &&
             any(span(a[0], a[1]), seal_type::discard);
    if (number == n_.mmap)
      return (a[3] & 0x10) != 0 && any(mapped(a), seal_type::mmap);
    if (number == n_.mremap)
      return any(moved(a[0], a[1]), seal_type::mremap) ||
             ((a[3] & 2) != 0 && any(moved_onto(a), seal_type::mremap));
    if (number == n_.shmdt)
      return std::find(options_.attachments.begin(), options_.attachments.end(),
                       a[0]) != options_.attachments.end();
    return false;
  }

  bool any(Bytes bytes, SealTypes type, bool lowers = false) const {
    return std::any_of(
        ranges_.begin(), ranges_.end(), [&](const GuardedRange &g) {
          bool spared = lowers && g.downgrade == Downgrade::allowed;
          return g.types.has(type) && !spared && bytes.begin < bytes.end &&
                 g.range.begin() < bytes.end && bytes.begin < g.range.end();
        });
  }

  std::uint64_t untagged(std::uint64_t address) const {
    if (n_.process == Architecture::arm64)
      address &= ~std::uint64_t{0} >> 8;
    return address;
  }

  Bytes span(std::uint64_t address, std::uint64_t length) const {
    address = untagged(address);
    constexpr Wide top = Wide{1} << 64;
    Wide begin = address / page * page;
    if (length == 0)
      return {begin, begin};
    Wide end = (Wide{address} + length + page - 1) / page * page;
    return {begin, std::min(end, top)};
  }

  Bytes moved(std::uint64_t address, std::uint64_t length) const {
    std::uint64_t rounded = (length + page - 1) / page * page;
    return span(address, rounded == 0 ? 1 : length);
  }

  Bytes mapped(const std::uint64_t *a) const {
    Bytes bytes = span(a[0], a[1]);
    bool by_flag = (a[3] & 0x40000) != 0, anonymous = (a[3] & 0x20) != 0;
    bool by_file = !anonymous && options_.huge_files == HugeFiles::possible;
    if (!by_flag && !by_file)
      return bytes;
    return huge(bytes, by_flag || !n_.wide ? a[0] : a[0] | a[5]);
  }

  /// A huge page may come to lie wherever both ranges have a multiple of its
  /// size at the same distance from their beginnings.
  Bytes moved_onto(const std::uint64_t *a) const {
    const std::uint64_t to = untagged(a[4]);
    Bytes bytes = span(to, a[2]);
    if (a[2] == 0)
      return bytes;
    const Wide last = bytes.end - 1;
    for (std::uint64_t size : huge_sizes()) {
      Wide last_one = last / size * size;
      if (last_one >= to && a[0] % size == to % size)
        bytes.end = std::max(bytes.end, last_one + size);
    }
    return bytes;
  }

  Bytes huge(Bytes bytes, std::uint64_t aligned) const {
    if (bytes.begin == bytes.end)
      return bytes;
    const Wide last = bytes.end - 1;
    for (std::uint64_t size : huge_sizes()) {
      if (aligned % size == 0)
        bytes.end = std::max(bytes.end, last / size * size + size);
    }
    return bytes;
  }

  std::span<const std::uint64_t> huge_sizes() const {
    static constexpr std::uint64_t x86[] = {1U << 30, 2U << 20};
    static constexpr std::uint64_t arm[] = {1ULL << 34, 1U << 30, 512U << 20,
                                            32U << 20,  2U << 20, 64U << 10};
    if (n_.process == Architecture::arm64)
      return arm;
    return x86;
  }

  static bool destroys(std::uint32_t advice) {
    switch (advice) {
      case 4:
      case 8:
      case 9:
      case 10:
      case 18:
      case 24:
      case 100:
      case 102:
      case 103:
        return true;
      default:
        return false;
    }
  }

  const Numbers &n_;
  std::span<const GuardedRange> ranges_;
  const RangeOptions &options_;
};

class Dice {
public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool one_in(std::uint64_t bound) { return below(bound) == 0; }
  template <typename T, std::size_t N>
  T of(const T (&choices)[N]) {
    return choices[below(N)];
  }

private:
  std::mt19937_64 engine_;
};

/// Sorted, disjoint, often touching, around the borders of words, windows and
/// huge pages.
std::vector<GuardedRange> some_ranges(Dice &dice) {
  constexpr std::uint64_t centres[] = {
      0x10000,          0x40000000,       0xfffff000,
      0x100000000,      0x555555554000,   0x7ff'ffff'0000,
      0xfff00000000,    0x100000000000,   0x2000'0000'0000,
      0x7ffff7dd1000,   0x7fffffff0000,   0x7fff'ffff'0000'0000,
      0x1000'0020'0000, 0x1000'3fff'f000, 0x1003'ffff'f000};
  std::vector<GuardedRange> ranges;
  // Many of them lie in few pages: leaves of bits pay.
  std::size_t count = 1 + dice.below(dice.one_in(4) ? 40 : 12);
  std::vector<std::uint64_t> edges;
  while (edges.size() < 2 * count) {
    std::uint64_t edge = dice.of(centres) + page * dice.below(40);
    if (dice.one_in(8))
      edge = (edge + (2U << 20)) & -(std::uint64_t{2} << 20);
    if (std::find(edges.begin(), edges.end(), edge) == edges.end())
      edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end());
  std::uint32_t common = static_cast<std::uint32_t>(dice.below(64));
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    // No range over more than a few windows: each of them has its own code.
    if (edges[i + 1] - edges[i] > (std::uint64_t{64} << 40))
      continue;
    if (!ranges.empty() && dice.one_in(3))
      continue;  // a gap; otherwise the next one touches
    SealTypes types{dice.one_in(2) ? 0x3f
                    : dice.one_in(2)
                        ? common
                        : static_cast<std::uint32_t>(dice.below(64))};
    ranges.push_back(
        {*PageRange::create(edges[i], edges[i + 1] - edges[i], page), types,
         dice.one_in(3) ? Downgrade::allowed : Downgrade::refused});
  }
  return ranges.empty() ? some_ranges(dice) : ranges;
}

std::uint64_t some_address(Dice &dice, std::span<const GuardedRange> ranges) {
  const PageRange &range = ranges[dice.below(ranges.size())].range;
  std::uint64_t edge = dice.one_in(2) ? range.begin() : range.end();
  constexpr std::uint64_t nudges[] = {0,    1,        4095,     4096,
                                      8192, 2U << 20, 1U << 30, 1ULL << 32};
  std::uint64_t nudge = dice.of(nudges);
  std::uint64_t address = dice.one_in(2) ? edge + nudge : edge - nudge;
  if (dice.one_in(8))
    address &= -(std::uint64_t{2} << 20);
  if (dice.one_in(16))
    address &= -(std::uint64_t{1} << 34);
  if (dice.one_in(16))
    address |= 0x0600'0000'0000'0000;
  return dice.one_in(32) ? 0 : address;
}

std::uint64_t some_length(Dice &dice, std::uint64_t address,
                          std::span<const GuardedRange> ranges) {
  constexpr std::uint64_t special[] = {0,
                                       1,
                                       4095,
                                       4096,
                                       4097,
                                       8192,
                                       1U << 30,
                                       0xffffffff,
                                       0x100000000,
                                       ~0ULL,
                                       ~0ULL - 4094,
                                       ~0ULL - 4095,
                                       ~0ULL - 4096,
                                       1ULL << 63};
  if (dice.one_in(3))
    return dice.of(special);
  if (dice.one_in(8))
    return 0 - address + dice.below(3) - 1;  // ends at 2^64, or a byte beside
  return some_address(dice, ranges) - address;
}

bpf::SyscallData some_call(Dice &dice, const Numbers &n,
                           std::span<const GuardedRange> ranges) {
  const std::uint32_t numbers[] = {n.mprotect, n.pkey_mprotect,   n.munmap,
                                   n.mmap,     n.mremap,          n.mremap,
                                   n.mmap,     n.madvise,         n.brk,
                                   n.shmdt,    n.remap_file_pages};
  bpf::SyscallData call;
  call.number = static_cast<std::int32_t>(
      dice.one_in(20) ? static_cast<std::uint32_t>(dice.below(500))
                      : dice.of(numbers));
  call.architecture = n.audit;
  call.arguments[0] = some_address(dice, ranges);
  call.arguments[1] = some_length(dice, call.arguments[0], ranges);
  call.arguments[4] = some_address(dice, ranges);
  call.arguments[5] = dice.one_in(2) ? 0 : page * dice.below(1024);
  constexpr std::uint64_t prot[] = {0, 1, 1, 1, 3, 5, 7, 1ULL << 32 | 1};
  constexpr std::uint64_t flags[] = {0x2,     0x12,     0x10,     0x32, 0x40032,
                                     0x40012, 0x100022, 0x100032, 0x1};
  constexpr std::uint64_t move[] = {0, 1, 2, 3, 3, 4, 5, 7};
  constexpr std::uint64_t advice[] = {0,  1,  3,  4,  8,  9,   10,  11,
                                      12, 14, 18, 19, 24, 100, 102, 103};
  auto number = static_cast<std::uint32_t>(call.number);
  call.arguments[2] = dice.of(prot);
  if (number == n.madvise)
    call.arguments[2] = dice.of(advice);
  if (number == n.mremap)
    call.arguments[2] = some_length(dice, call.arguments[4], ranges);
  call.arguments[3] = dice.of(flags);
  if (number == n.mremap) {
    call.arguments[3] = dice.of(move);
    // As far from the new address as a huge page may be.
    constexpr std::uint64_t apart[] = {64U << 10,  2U << 20, 32U << 20,
                                       512U << 20, 1U << 30, 1ULL << 34};
    if (dice.one_in(2))
      call.arguments[0] = call.arguments[4] + dice.of(apart) * dice.below(9);
  }
  if (number == n.pkey_mprotect)
    call.arguments[3] = dice.one_in(2) ? ~0ULL : dice.below(3);
  if (!n.wide) {
    for (std::uint64_t &argument : call.arguments)
      argument &= 0xffffffff;
  }
  return call;
}

std::string describe(const bpf::SyscallData &call,
                     std::span<const GuardedRange> ranges) {
  std::ostringstream out;
  out << "call " << call.number << std::hex << " (";
  for (std::uint64_t argument : call.arguments)
    out << " 0x" << argument;
  out << " )\n";
  for (const GuardedRange &g : ranges)
    out << "  0x" << g.range.begin() << "-0x" << g.range.end() << " types 0x"
        << g.types.bits
        << (g.downgrade == Downgrade::allowed ? " downgradable\n" : "\n");
  return out.str();
}

struct Verdicts {
  std::size_t allowed = 0, refused = 0;
};

void compare(unsigned seed, Verdicts &verdicts) {
  Dice dice(seed);
  const Numbers &numbers = dice.of(ways);
  std::vector<GuardedRange> ranges = some_ranges(dice);
  std::vector<Address> attachments;
  for (std::size_t i = dice.below(4); i != 0; --i)
    attachments.push_back(ranges[dice.below(ranges.size())].range.begin());
  constexpr OnViolation answers[] = {OnViolation::deny, OnViolation::deny,
                                     OnViolation::report, OnViolation::trap,
                                     OnViolation::kill};
  RangeOptions options;
  options.architecture = numbers.process;
  options.on_violation = dice.of(answers);
  if (dice.one_in(2))
    options.huge_files = HugeFiles::none;
  if (dice.one_in(2)) {
    Address end = ranges.back().range.end();
    options.breaks = *PageRange::create(
        ranges.front().range.begin(), end - ranges.front().range.begin(), 4096);
  }
  options.attachments = attachments;

  std::array<bpf::Instruction, bpf::max_instructions> storage;
  std::vector<PageRange> scratch(ranges.size(), ranges[0].range);
  auto program = compile(ranges, options, storage, scratch);
  ASSERT_TRUE(program) << "seed " << seed;
  ASSERT_TRUE(bpf::check(program->instructions())) << "seed " << seed;

  Oracle oracle(numbers, ranges, options);
  for (int i = 0; i < 150; ++i) {
    bpf::SyscallData call = some_call(dice, numbers, ranges);
    std::uint32_t expected = oracle.judge(call);
    auto verdict = bpf::run(program->instructions(), call);
    ASSERT_TRUE(verdict);
    ASSERT_EQ(*verdict, expected)
        << "seed " << seed << ", architecture " << std::hex << numbers.audit
        << (options.breaks ? ", with breaks\n" : "\n")
        << describe(call, ranges);
    ++(expected == allow ? verdicts.allowed : verdicts.refused);
  }
}

TEST(Oracle, a_program_and_the_plain_reading_of_the_rules_agree) {
  Verdicts verdicts;
  for (unsigned seed = 1; seed <= 3000 && !HasFatalFailure(); ++seed)
    compare(seed, verdicts);
  // The comparison means something only if both answers are common.
  EXPECT_GT(verdicts.allowed, 100'000u);
  EXPECT_GT(verdicts.refused, 100'000u);
}

}  // namespace
}  // namespace memseal::filter
