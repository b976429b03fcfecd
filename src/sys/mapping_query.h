// SPDX-License-Identifier: Apache-2.0
// One mapping of this process, without reading about all the others.
#pragma once

#include <optional>

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::sys {

/// What PROCMAP_QUERY tells of a mapping.
struct FoundMapping {
  PageRange range;
  bool writable, shared, has_file;
  bool special;  ///< the kernel's own: [vdso], [vvar] and the like
};

/// Asks about mappings by address, in a time that does not depend on how many
/// there are.
///
/// Kernel:  6.11.
/// Source:  Linux, include/uapi/linux/fs.h, PROCMAP_QUERY.
/// Context: anywhere.
class MappingQuery {
public:
  /// Errors:  unsupported: an older kernel. system: /proc cannot be read.
  static Result<MappingQuery> open();
  MappingQuery(MappingQuery &&other) noexcept : fd_(other.fd_) {
    other.fd_ = -1;
  }
  MappingQuery &operator=(MappingQuery &&) = delete;
  ~MappingQuery();

  /// The mapping that holds the address, or else the next one above it; nothing
  /// if there is none. Errors: system.
  Result<std::optional<FoundMapping>> from(Address at) const;

private:
  explicit MappingQuery(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace memseal::sys
