// SPDX-License-Identifier: Apache-2.0
// Files, without a C library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "memseal/error.h"

namespace memseal::sys {

/// A regular file as it lies on disk, and what decides who it may run as.
struct MappedFile {
  std::span<const std::byte> bytes;  ///< stays mapped; empty for an empty file
  std::uint32_t mode = 0;            ///< st_mode
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t device = 0, inode = 0;
};

/// Maps the whole file, read-only and private.
///
/// Errors:  system; EISDIR for a directory, EACCES for what else is no regular
///          file (execve answers the same: execve(2)).
/// Does not stop: others from truncating the file, which turns a later read
///          into SIGBUS, as it would in the program itself.
Result<MappedFile> map_file(const char *path);

}  // namespace memseal::sys
