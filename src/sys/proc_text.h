// SPDX-License-Identifier: Apache-2.0
// The small files of /proc, and how their fields are found.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "memseal/error.h"

namespace memseal::sys {

/// What the file holds, at most as much as the buffer does.
/// Errors:  system, as open(2) and read(2).
/// Context: anywhere.
Result<std::string_view> read_proc(const char *path, std::span<char> buffer);

/// The value in a line "NAME:\tvalue" of a file like /proc/PID/status, without
/// blanks around it; empty if there is no such line. The process chooses its
/// name, but the kernel escapes the newlines in it, so it cannot make a line.
/// Source:  Linux, fs/proc/array.c, proc_task_name.
std::string_view status_field(std::string_view text, std::string_view name);

/// The number that the text begins with. Nothing if it begins with none, or
/// with one of more than 64 bits.
std::optional<std::uint64_t> leading_number(std::string_view text);

/// A field of a text like /proc/PID/stat by the number that proc(5) gives it,
/// from 4 on; nothing if the text is shorter, or the field no number of 64
/// bits. The second field, the name in brackets, may hold anything.
std::optional<std::uint64_t> stat_field(std::string_view text, int number);

/// The same of the file; nothing, too, if it cannot be read.
std::optional<std::uint64_t> read_stat_field(const char *path, int number);

}  // namespace memseal::sys
