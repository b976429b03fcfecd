// SPDX-License-Identifier: Apache-2.0
// Violations that were written down before, counted: for metrics and pages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memseal/error.h"

namespace memseal::cli {

struct ViolationCount {
  std::string program;  ///< last part of its path
  std::string outcome;  ///< "denied", "no effect", "permitted", or "lost"
  std::uint64_t number = 0;
  std::string last;  ///< when the last was, and what: empty for lost lines
};

/// Adds what a report file (--report=FILE.json) tells of. Lines that are no
/// records are passed over; of more than 200 programs the rest are counted as
/// "(other)".
///
/// Errors:  system, as open(2).
Result<void> count_violations(const std::string &file,
                              std::vector<ViolationCount> &counts);

}  // namespace memseal::cli
