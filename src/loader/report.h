// SPDX-License-Identifier: Apache-2.0
// What became of an object, as lines of the report (report/seal_line.h): one
// for each of its parts. They are appended in one write(2) for each object,
// since children write to the same file.
#pragma once

#include <optional>
#include <string_view>

#include "loader/object_seal.h"
#include "memseal/error.h"

namespace memseal::loader {

/// Something in an object that is none of its parts.
struct ReportedSegment {
  std::string_view name{};
  std::optional<PageRange> range{};
  std::size_t count = 0;  ///< of slots
};

/// Appends an object's lines to what --report names. A report to standard error
/// that is not the user's any more is nobody's, and no error. `segment` is what
/// `outcome.whole` is about, if not about all of the object.
///
/// Errors:  as report::ReportFile::open and append.
/// Context: before-main.
Result<void> write_report(std::string_view object, const ObjectOutcome &outcome,
                          const ReportedSegment &segment = {});

/// What to do about that: with --require ends the process with 125, else says
/// once that the report is incomplete.
void tell_unwritten(const Error &error);

}  // namespace memseal::loader
