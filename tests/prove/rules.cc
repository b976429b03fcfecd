// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace memseal::prove {
namespace {

using filter::Architecture;
using filter::GuardedRange;
using z3::expr;

constexpr Way ways[] = {
    {"x86-64",
     Architecture::x86_64,
     0xc000003e,
     true,
     {10, 329, 11, 9, 25, 28, 12, 67, 216}},
    {"i386",
     Architecture::x86_64,
     0x40000003,
     false,
     {125, 380, 91, 192, 163, 219, 45, 398, 257}},
    {"arm64",
     Architecture::arm64,
     0xc00000b7,
     true,
     {226, 288, 215, 222, 216, 233, 214, 197, 234}},
    {"arm",
     Architecture::arm64,
     0x40000028,
     false,
     {125, 394, 91, 192, 163, 220, 45, 306, 253}},
};

// Addresses and ends of ranges have 66 bits here, so nothing ever wraps.
constexpr unsigned bits = 66;

class Reader {
public:
  Reader(const Way &way, const Sealed &sealed, const SymbolicCall &call)
      : way_(way), sealed_(sealed), call_(call), c_(call.number.ctx()) {}

  Rule rule(Act act) {
    switch (act) {
      case Act::mprotect:
      case Act::pkey_mprotect:
        return protect(act == Act::pkey_mprotect);
      case Act::munmap:
        return in_range(seal_type::munmap);
      case Act::mmap:
        return map();
      case Act::mremap:
        return move();
      case Act::madvise:
        return advise();
      case Act::brk:
        return set_break();
      case Act::shmdt:
        return detach();
      case Act::remap_file_pages:
        return remap();
    }
    return {no(), no()};
  }

private:
  expr no() { return c_.bool_val(false); }
  expr number(std::uint64_t value) {
    return z3::zext(c_.bv_val(static_cast<uint64_t>(value), 64), bits - 64);
  }
  expr argument(unsigned n) { return z3::zext(call_.arguments[n], bits - 64); }
  expr low_word(unsigned n) { return call_.arguments[n].extract(31, 0); }
  expr has_bits(unsigned n, std::uint32_t mask) {
    return (low_word(n) & c_.bv_val(mask, 32)) != c_.bv_val(0, 32);
  }

  /// S-41: arm64 ignores the top byte of an address.
  expr address(unsigned n) {
    if (way_.process != Architecture::arm64)
      return argument(n);
    return argument(n) & number(~std::uint64_t{0} >> 8);
  }

  /// Down and up to a multiple of a power of two.
  expr down(const expr &value, std::uint64_t size) {
    return value & ~number(size - 1);
  }
  expr up(const expr &value, std::uint64_t size) {
    return down(value + number(size - 1), size);
  }
  expr aligned(const expr &value, std::uint64_t size) {
    return (value & number(size - 1)) == number(0);
  }
  /// The kernel refuses what does not end in user space, which is less.
  expr fits(const expr &end) { return z3::ule(end, number(1ULL << 63)); }

  /// Whether [begin, end) has a byte of a page that holds the type.
  template <typename Holds>
  expr meets(const expr &begin, const expr &end, Holds holds) {
    expr any = no();
    for (const GuardedRange &one : sealed_.ranges) {
      if (holds(one))
        any = any || (z3::ult(begin, number(one.range.end())) &&
                      z3::ugt(end, number(one.range.begin())));
    }
    return any && z3::ult(begin, end);
  }
  static auto holding(SealTypes type) {
    return [type](const GuardedRange &one) { return one.types.has(type); };
  }

  /// S-29: the length is rounded up to the kernel's page, and 0 touches
  /// nothing; an address that is no multiple of it is refused by the kernel.
  template <typename Holds>
  Rule in_range(Holds holds) {
    expr begin = address(0), length = argument(1);
    expr end = begin + up(length, sealed_.page);
    expr is_valid = aligned(begin, sealed_.page) && fits(end);
    return {is_valid && meets(begin, end, holds),
            length != number(0) &&
                meets(down(begin, 4096), up(begin + length, 4096), holds)};
  }
  Rule in_range(SealTypes type) { return in_range(holding(type)); }

  static Rule only_if(const expr &condition, const Rule &rule) {
    return {condition && rule.acts, condition && rule.touches};
  }
  static Rule either(const Rule &a, const Rule &b) {
    return {a.acts || b.acts, a.touches || b.touches};
  }

  /// S-21, S-50: PROT_READ and nothing else, and no key, may fall on pages that
  /// are downgradable.
  Rule protect(bool with_key) {
    expr lowers = argument(2) == number(1);
    if (with_key)
      lowers = lowers && low_word(3) == c_.bv_val(~0U, 32);
    Rule immutable = in_range([](const GuardedRange &one) {
      return one.types.has(seal_type::mprotect) &&
             one.downgrade != Downgrade::allowed;
    });
    return either(only_if(!lowers, in_range(seal_type::mprotect)),
                  only_if(lowers, immutable));
  }

  /// S-36. DONTNEED, FREE, REMOVE, DONTFORK, WIPEONFORK, DONTNEED_LOCKED,
  /// HWPOISON, GUARD_INSTALL, GUARD_REMOVE.
  Rule advise() {
    expr destroys = no();
    for (std::uint32_t advice : {4U, 8U, 9U, 10U, 18U, 24U, 100U, 102U, 103U})
      destroys = destroys || low_word(2) == c_.bv_val(advice, 32);
    return only_if(destroys, in_range(seal_type::discard));
  }

  /// Source: mm/mmap.c, remap_file_pages: both are rounded down.
  Rule remap() {
    Rule plain = in_range(seal_type::mmap);
    expr begin = down(address(0), sealed_.page);
    expr end = begin + down(argument(1), sealed_.page);
    return {fits(end) && meets(begin, end, holding(seal_type::mmap)),
            plain.touches};
  }

  std::span<const std::uint64_t> huge_sizes() const {
    static constexpr std::uint64_t x86[] = {2U << 20, 1U << 30};
    static constexpr std::uint64_t arm[] = {64U << 10,  2U << 20, 32U << 20,
                                            512U << 20, 1U << 30, 1ULL << 34};
    if (way_.process == Architecture::arm64)
      return arm;
    return x86;
  }

  /// S-33. MAP_FIXED 0x10, MAP_ANONYMOUS 0x20, MAP_HUGETLB 0x40000.
  Rule map() {
    auto type = holding(seal_type::mmap);
    Rule plain = in_range(type);
    expr begin = address(0), length = argument(1);
    expr is_anonymous = has_bits(3, 0x20), by_flag = has_bits(3, 0x40000);
    bool files = sealed_.options.huge_files == filter::HugeFiles::possible;
    for (std::uint64_t size : huge_sizes()) {
      // An offset in pages is not looked at: only its being one matters less.
      expr offset_fits =
          way_.wide ? aligned(argument(5), size) : c_.bool_val(true);
      expr by_file = !is_anonymous && c_.bool_val(files) && offset_fits;
      expr can_be = aligned(begin, size) && (by_flag || by_file);
      expr end = up(begin + length, size);
      plain.acts = plain.acts || (can_be && length != number(0) && fits(end) &&
                                  meets(begin, end, type));
      plain.touches = plain.touches || (can_be && length != number(0) &&
                                        meets(begin, end, type));
    }
    return only_if(has_bits(3, 0x10), plain);
  }

  /// S-34: a length that rounds to 0 counts as one page. The rounding is the
  /// kernel's, in a word of 64 bits.
  Rule move_from() {
    auto type = holding(seal_type::mremap);
    expr begin = address(0), length = argument(1);
    expr top = number(~std::uint64_t{0});
    auto length_of = [&](std::uint64_t page) {
      expr rounded = up(length, page) & top;
      return z3::ite(rounded == number(0), number(page), rounded);
    };
    expr end = begin + length_of(sealed_.page);
    return {
        aligned(begin, sealed_.page) && fits(end) && meets(begin, end, type),
        meets(down(begin, 4096), up(begin + length_of(4096), 4096), type)};
  }

  /// S-34a. The distance of the two addresses is judged as the kernel sees
  /// them: with the tag, which it takes for part of an address here.
  Rule move_onto() {
    auto type = holding(seal_type::mremap);
    expr from = argument(0), to = address(4), length = argument(2);
    expr end = to + up(length, sealed_.page);
    expr acts = fits(end) && meets(to, end, type);
    expr touches = meets(down(to, 4096), up(to + length, 4096), type);
    for (std::uint64_t size : huge_sizes()) {
      expr last_multiple = down(to + length - number(1), size);
      expr can_be = aligned(from - to, size) && z3::uge(last_multiple, to);
      expr rounded = last_multiple + number(size);
      acts = acts || (can_be && fits(rounded) && meets(to, rounded, type));
      touches = touches || (can_be && meets(down(to, 4096), rounded, type));
    }
    expr is_valid = aligned(to, sealed_.page) && length != number(0);
    return {is_valid && acts, length != number(0) && touches};
  }

  /// MREMAP_FIXED is 2.
  Rule move() {
    return either(move_from(), only_if(has_bits(3, 2), move_onto()));
  }

  /// S-35. The breaks are given to the compiler, for it sees no heap.
  Rule set_break() {
    if (!sealed_.options.breaks)
      return {no(), no()};
    PageRange breaks = *sealed_.options.breaks;
    expr at = address(0);
    expr inside = z3::uge(at, number(breaks.begin())) &&
                  z3::ult(at, number(breaks.end()));
    return {inside, inside};
  }

  Rule detach() {
    expr any = no();
    for (Address at : sealed_.options.attachments)
      any = any || argument(0) == number(at);
    return {any, any};
  }

  const Way &way_;
  const Sealed &sealed_;
  const SymbolicCall &call_;
  z3::context &c_;
};

}  // namespace

std::span<const Way> all_ways() {
  return ways;
}

const char *name_of(Act act) {
  static constexpr const char *names[] = {
      "mprotect", "pkey_mprotect", "munmap",
      "mmap",     "mremap",        "madvise",
      "brk",      "shmdt",         "remap_file_pages"};
  return names[static_cast<std::size_t>(act)];
}

Rule rule_of(Act act, const Way &way, const Sealed &sealed,
             const SymbolicCall &call) {
  return Reader(way, sealed, call).rule(act);
}

}  // namespace memseal::prove
