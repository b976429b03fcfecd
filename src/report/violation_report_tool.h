// SPDX-License-Identifier: Apache-2.0
// Violations, written down as they come.
#pragma once

#include <string>

#include "report/report_file.h"
#include "report/violation_lines_tool.h"

namespace memseal::report {

/// All processes under a supervisor wait while it writes. So a pipe that is
/// full is waited for once; from then on lines are lost, and counted, until it
/// takes some again.
class ViolationReport {
public:
  /// Errors:  as ReportFile::open.
  static Result<ViolationReport> open(const std::string &file, Form form);

  int descriptor() const { return file_.descriptor(); }
  void tell(const Violation &violation);
  /// Sums up, if that says more than the lines did. `program` is what the tree
  /// began with.
  void conclude(Subject program, ViolationCounts counts);

private:
  ViolationReport(ReportFile file, Form form)
      : file_(std::move(file)), form_(form), lines_(form) {}

  ReportFile file_;
  Form form_;
  ViolationLines lines_;
  std::uint64_t lost_ = 0;
  bool takes_lines_ = true;
};

}  // namespace memseal::report
