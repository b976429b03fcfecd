// SPDX-License-Identifier: Apache-2.0
// Finding a program and looking at it before it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elf/file.h"
#include "launch/obstacle.h"
#include "launch/path_text.h"

namespace memseal::launch {

/// The file that execvp(3) would execute; written into `found`.
///
/// Unlike execvp, memseal does not hand a file that is no program to /bin/sh.
/// Errors:  not_found, not_executable.
/// Source:  execvp(3): a PATH entry without text is the working directory; a
///          file that may not be executed does not end the search; without PATH
///          it is /bin and /usr/bin.
Refusable<void, Hindrance> find_program(
    std::string_view name, std::optional<std::string_view> path_variable,
    PathText &found);

/// Who maps the program's libraries.
enum class Loader : std::uint8_t { glibc, musl, none };

/// What the kernel would start for a path: the file itself, or, for a script,
/// its interpreter.
struct Program {
  std::string_view path;  ///< of the ELF file
  elf::File file;
  Loader loader;
  bool through_env = false;  ///< a script whose interpreter env finds
};

/// Looks at the file. `interpreter` is room for the name of a script's
/// interpreter; it and `path` must outlive the result.
///
/// Errors:  all up to raises_privileges in Obstacle, but static_program.
Refusable<Program, Hindrance> inspect(const char *path, PathText &interpreter);

}  // namespace memseal::launch
