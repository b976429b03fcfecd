// SPDX-License-Identifier: Apache-2.0
// A copy of what /proc/PID/maps or smaps said at one moment.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>
#include <vector>

#include "memseal/error.h"
#include "sys/maps_reader.h"
#include "vm/mapping.h"

namespace memseal::process {

class Mappings {
public:
  /// Errors:  system: ESRCH or ENOENT the process is gone, EACCES.
  static Result<Mappings> read(pid_t pid, sys::ReadSeals seals);

  const std::vector<Mapping> &mappings() const { return mappings_; }
  /// The mapping that holds the address; null if none does.
  const Mapping *find(Address address) const;
  /// Whether every page of the range carries the kernel's seal.
  bool all_sealed(PageRange range) const;

private:
  std::vector<Mapping> mappings_;
  std::deque<std::string> names_;  // what the mappings' names point into
};

}  // namespace memseal::process
