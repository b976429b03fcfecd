// SPDX-License-Identifier: Apache-2.0
// What may be done with a page's bytes.
#pragma once

#include <cstdint>

namespace memseal {

/// PROT_READ, PROT_WRITE and PROT_EXEC as a value; the bits are the kernel's.
struct Protection {
  static constexpr unsigned read = 1, write = 2, exec = 4;

  unsigned bits = 0;

  constexpr bool readable() const { return (bits & read) != 0; }
  constexpr bool writable() const { return (bits & write) != 0; }
  constexpr bool executable() const { return (bits & exec) != 0; }
  constexpr bool none() const { return bits == 0; }
  friend constexpr bool operator==(Protection, Protection) = default;
};

}  // namespace memseal
