// SPDX-License-Identifier: Apache-2.0
// The records "violation" and "summary".
//
// Text, behind the head of every record:
//   CALL on SEGMENT of OBJECT+OFFSET: OUTCOME; from FUNCTION (SOURCE) < ...
//   N violations, of which N are by threads that ended ..., N lines are lost
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "report/record.h"
#include "report/violation.h"

namespace memseal::report {

/// Writes violations as lines. Callers that come again and again are written
/// together once.
class ViolationLines {
public:
  explicit ViolationLines(Form form);

  /// With its newline. Valid until the next call.
  std::string_view line(const Violation &violation);

private:
  void write_text(TextWriter &out, const Violation &violation);
  void write_json(TextWriter &out, const Violation &violation);
  std::string_view callers(const Backtrace *callers);

  Form form_;
  std::string room_;
  std::unordered_map<std::uint64_t, std::string> callers_;
};

/// The last record of a supervisor.
std::string summary_line(Form form, const Subject &subject,
                         const ViolationCounts &counts);

}  // namespace memseal::report
