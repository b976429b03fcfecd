// SPDX-License-Identifier: Apache-2.0
// Programs as text, for golden files and for people.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "bpf/instruction.h"

namespace memseal::bpf {

/// One instruction as a line without a newline, jumps as absolute positions:
///
///   12  JGT  #7 ? 20 : 13
///
/// Returns the part of `buffer` that was used: at most 64 characters.
/// Needs:   buffer of at least 64.
std::string_view list(const Instruction &instruction, std::size_t position,
                      std::span<char> buffer);

}  // namespace memseal::bpf
