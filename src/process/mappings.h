// SPDX-License-Identifier: Apache-2.0
// A copy of what /proc/PID/maps or smaps said at one moment.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memseal/error.h"
#include "sys/maps_reader.h"
#include "vm/mapping.h"

namespace memseal::process {

inline constexpr auto no_limit = std::chrono::nanoseconds::max();

/// Ascending, and disjoint. A line that makes no sense is left out rather than
/// guessed at: the kernel writes them, so it tells of something new.
class Mappings {
public:
  /// Errors:  system: ESRCH or ENOENT the process is gone, EACCES.
  ///          system, ETIME: it took this thread more than `limit` of
  ///          processor time.
  static Result<Mappings> read(pid_t pid, sys::ReadSeals seals,
                               std::chrono::nanoseconds limit = no_limit);
  /// Those that such a text tells of.
  static Mappings parse(std::string_view text, std::size_t page);

  Mappings(Mappings &&) = default;
  Mappings &operator=(Mappings &&) = default;

  const std::vector<Mapping> &mappings() const & { return mappings_; }
  const std::vector<Mapping> &mappings() && = delete;
  /// The mapping that holds the address; null if none does.
  const Mapping *find(Address address) const;
  /// Those that share pages with the range.
  std::span<const Mapping> overlapping(PageRange range) const;
  /// Whether every page of the range carries the kernel's seal.
  bool all_sealed(PageRange range) const;

private:
  Mappings() = default;
  void add(Mapping mapping);

  std::vector<Mapping> mappings_;
  std::deque<std::string> names_;  // what the mappings' names point into
};

/// The mapping's name as the process chose it, the kernel's escapes undone.
std::string plain_name(const Mapping &mapping);

}  // namespace memseal::process
