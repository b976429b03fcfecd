// SPDX-License-Identifier: Apache-2.0
// Stubs of arm64:
//
//   adrp x16, page of the slot
//   ldr  x17, [x16, #slot in its page]
//   add  x16, x16, #slot in its page      the resolver wants to know the slot
//   br   x17
#include <cstring>

#include "elf/plt.h"

namespace memseal::elf {
namespace {

constexpr Address page = 4096;  // adrp's, whatever the machine's is

std::uint32_t word_at(Bytes bytes, std::size_t at) {
  std::uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

constexpr std::uint32_t adrp_x16 = 0x90000010, adrp_mask = 0x9f00001f;
constexpr std::uint32_t ldr_x17_x16 = 0xf9400211, add_x16_x16 = 0x91000210;
constexpr std::uint32_t immediate_12 = 0xfffU << 10;
constexpr std::uint32_t br_x17 = 0xd61f0220;

/// The pages that an adrp adds.
std::int64_t pages_of(std::uint32_t adrp) {
  const std::uint32_t immediate = (adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
  // 21 bits with a sign.
  return static_cast<std::int64_t>(std::uint64_t{immediate} << 43) >> 43;
}

}  // namespace

std::optional<Stub> read_stub_aarch64(Code code, std::size_t offset) {
  constexpr std::size_t size = 16;
  if (offset % 4 != 0 || offset > code.bytes.size() ||
      code.bytes.size() - offset < size)
    return std::nullopt;
  const std::uint32_t adrp = word_at(code.bytes, offset);
  const std::uint32_t ldr = word_at(code.bytes, offset + 4);
  const std::uint32_t add = word_at(code.bytes, offset + 8);
  if ((adrp & adrp_mask) != adrp_x16 || (ldr & ~immediate_12) != ldr_x17_x16 ||
      (add & ~immediate_12) != add_x16_x16 ||
      word_at(code.bytes, offset + 12) != br_x17)
    return std::nullopt;
  const Address in_page = Address{ldr >> 10 & 0xfff} * 8;
  if (in_page != (add >> 10 & 0xfff))
    return std::nullopt;
  const Address base = ((code.begin + offset) & ~(page - 1)) +
                       static_cast<Address>(pages_of(adrp)) * page;
  return Stub{.at = offset, .slot = base + in_page};
}

bool point_stub_aarch64(std::span<std::byte> code, Address begin, Stub stub,
                        Address slot) {
  if (slot % 8 != 0)
    return false;
  const auto pages =
      static_cast<std::int64_t>((slot & ~(page - 1)) -
                                ((begin + stub.at) & ~(page - 1))) /
      static_cast<std::int64_t>(page);
  if (pages < -(1 << 20) || pages >= 1 << 20)
    return false;
  const auto immediate = static_cast<std::uint32_t>(pages) & 0x1fffff;
  const auto in_page = static_cast<std::uint32_t>(slot & (page - 1));
  const std::uint32_t words[] = {
      adrp_x16 | (immediate & 3) << 29 | immediate >> 2 << 5,
      ldr_x17_x16 | in_page / 8 << 10, add_x16_x16 | in_page << 10};
  std::memcpy(code.data() + stub.at, words, sizeof words);
  return true;
}

}  // namespace memseal::elf
