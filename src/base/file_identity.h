// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace memseal {

/// Which file it is, whatever its name or descriptor. An inode's number is used
/// again when nobody has the file open any more.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const FileIdentity &, const FileIdentity &) = default;
};

}  // namespace memseal
