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

/// What follows `name` in /proc/PID/status, up to the end of the line; empty if
/// there is no such line. `name` is "\nNAME:\t": a process may have any name,
/// but the kernel escapes newlines in it.
std::string_view status_field(std::string_view text, std::string_view name);

/// A field of a file like /proc/PID/stat by the number that proc(5) gives it,
/// from 4 on; nothing if the file cannot be read or is shorter.
std::optional<std::uint64_t> stat_field(const char *path, int number);

}  // namespace memseal::sys
