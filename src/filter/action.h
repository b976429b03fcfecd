// SPDX-License-Identifier: Apache-2.0
// What a program can answer: SECCOMP_RET_ values.
// Source: linux/seccomp.h; the number of an error is Linux's, whatever machine
// compiles.
#pragma once

#include <cstdint>

namespace memseal::filter::action {

inline constexpr std::uint32_t allow = 0x7fff0000;
/// The call is not made and gives what the error says: 0 or an errno.
constexpr std::uint32_t error(std::uint32_t number) {
  return 0x00050000 | number;
}
inline constexpr std::uint32_t succeed = error(0), eperm = error(1),
                               enosys = error(38);
inline constexpr std::uint32_t notify = 0x7fc00000, trap = 0x00030000,
                               kill_process = 0x80000000;

}  // namespace memseal::filter::action
