// SPDX-License-Identifier: Apache-2.0
// Stubs of x86-64. What stands before the jump depends on the linker and on
// what was asked of it:
//
//   jmp *slot(%rip)                       .plt, .plt.got of GNU ld, gold, lld
//   bnd jmp *slot(%rip)                   -z bndplt
//   endbr64; jmp *slot(%rip)              .plt.sec of GNU ld and lld, IBT
//   endbr64; bnd jmp *slot(%rip)          .plt.sec of GNU ld up to 2.41
//   endbr64; mov $i, %r11d; jmp *slot(%rip)   mold
#include <cstring>
#include <initializer_list>

#include "elf/plt.h"

namespace memseal::elf {
namespace {

/// Reads code from an offset on.
class Cursor {
public:
  Cursor(Code code, std::size_t at) : code_(code), at_(at) {}

  std::size_t at() const { return at_; }

  /// Passes over these bytes, if they are next.
  bool take(std::initializer_list<unsigned> expected) {
    std::size_t i = at_;
    for (unsigned byte : expected) {
      if (i >= code_.bytes.size() ||
          std::to_integer<unsigned>(code_.bytes[i]) != byte)
        return false;
      ++i;
    }
    at_ = i;
    return true;
  }

  bool skip(std::size_t count) {
    if (code_.bytes.size() - at_ < count)
      return false;
    at_ += count;
    return true;
  }

  /// The address that a displacement from the next instruction names, if that
  /// begins behind it.
  std::optional<Address> take_address() {
    std::int32_t displacement;
    if (code_.bytes.size() - at_ < sizeof displacement)
      return std::nullopt;
    std::memcpy(&displacement, code_.bytes.data() + at_, sizeof displacement);
    at_ += sizeof displacement;
    return code_.begin + at_ + static_cast<Address>(Address(0) + displacement);
  }

private:
  Code code_;
  std::size_t at_;
};

}  // namespace

std::optional<Stub> read_stub_x86_64(Code code, std::size_t offset) {
  if (offset >= code.bytes.size())
    return std::nullopt;
  Cursor cursor(code, offset);
  if (cursor.take({0xf3, 0x0f, 0x1e, 0xfa}) && cursor.take({0x41, 0xbb}) &&
      !cursor.skip(4))
    return std::nullopt;
  cursor.take({0xf2});
  if (!cursor.take({0xff, 0x25}))
    return std::nullopt;
  const std::size_t at = cursor.at();
  auto slot = cursor.take_address();
  if (!slot)
    return std::nullopt;
  return Stub{.at = at, .slot = *slot};
}

bool point_stub_x86_64(std::span<std::byte> code, Address begin, Stub stub,
                       Address slot) {
  const auto distance = static_cast<std::int64_t>(
      slot - (begin + stub.at + sizeof(std::int32_t)));
  const auto displacement = static_cast<std::int32_t>(distance);
  if (displacement != distance)
    return false;
  std::memcpy(code.data() + stub.at, &displacement, sizeof displacement);
  return true;
}

std::size_t read_resolver_stub_x86_64(Code code, std::size_t offset,
                                      Address plt_got) {
  if (offset >= code.bytes.size())
    return 0;
  Cursor cursor(code, offset);
  cursor.take({0xf3, 0x0f, 0x1e, 0xfa});  // endbr64
  cursor.take({0x41, 0x53});              // push %r11, mold
  if (!cursor.take({0xff, 0x35}) || cursor.take_address() != plt_got + 8)
    return 0;
  cursor.take({0xf2});
  if (!cursor.take({0xff, 0x25}) || cursor.take_address() != plt_got + 16)
    return 0;
  return cursor.at() - offset;
}

}  // namespace memseal::elf
