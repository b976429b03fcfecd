// SPDX-License-Identifier: Apache-2.0
#include "keeper/zone.h"

#include <elf.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <bit>

#include "base/assert.h"
#include "sys/auxiliary_vector.h"
#include "sys/syscall.h"

namespace memseal::keeper {
namespace {

using filter::Architecture;

constexpr std::uint8_t wide_bit = 0x80;

/// Room beside what the kernel draws: for the stack and the gap below it, for
/// libraries below the highest address, for programs and their heaps.
constexpr std::uint64_t margin(std::uint64_t end) {
  return end / 128;
}

/// Where programs that choose their place have room for themselves.
constexpr std::uint64_t low_programs = border_unit;

bool is_known(Architecture architecture, unsigned bits) {
  if (architecture == Architecture::x86_64)
    return bits == 47;
  return bits == 39 || bits == 47 || bits == 48;
}

void add(FreeParts &parts, std::uint64_t begin, std::uint64_t end) {
  begin = (begin + border_unit - 1) & ~(border_unit - 1);
  end &= ~(border_unit - 1);
  if (begin >= end)
    return;
  auto part = PageRange::create(begin, end - begin, border_unit);
  MEMSEAL_ASSERT(part && parts.push_back(*part));
}

}  // namespace

ZoneShape ZoneShape::of(Architecture architecture, Address stack, bool wide) {
  auto bits = static_cast<unsigned>(std::bit_width(stack));
  if (!is_known(architecture, bits))
    return {};
  return ZoneShape(static_cast<std::uint8_t>(bits | (wide ? wide_bit : 0)));
}

Address ZoneShape::border() const {
  const std::uint64_t end = end_of_memory();
  return (end - end / 8 - margin(end)) & ~(border_unit - 1);
}

FreeParts ZoneShape::free_parts(Architecture architecture) const {
  FreeParts parts;
  if (!exists())
    return parts;
  const std::uint64_t end = end_of_memory(), room = margin(end);
  // Unless it is to be expected, an unusual layout has the random bits that are
  // the default everywhere, and less room: V8 puts its pages anywhere below
  // 2^46, and is asked about what falls into these two.
  const bool wide = (byte_ & wide_bit) != 0;
  const std::uint64_t random = wide ? end / 8 : end / 128;
  const std::uint64_t growth = wide ? room : end / 512;
  const std::uint64_t legacy =
      architecture == Architecture::x86_64 ? end / 3 : end / 4;
  add(parts, low_programs, end / 6 - random - growth);
  add(parts, end / 6, legacy - border_unit);
  add(parts, legacy + random + growth, end / 3 * 2 - border_unit);
  add(parts, end / 3 * 2 + end / 8 + room, border());
  return parts;
}

ZoneShape zone_here() {
  rlimit stack{};
  bool limited =
      !sys::call(SYS_prlimit64, 0, RLIMIT_STACK, nullptr, &stack).failed() &&
      stack.rlim_cur != RLIM_INFINITY;
  return ZoneShape::of(filter::native_architecture(),
                       sys::auxiliary_value(AT_RANDOM), !limited);
}

}  // namespace memseal::keeper
