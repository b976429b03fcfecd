// SPDX-License-Identifier: Apache-2.0
#include "report/violation_report_tool.h"

namespace memseal::report {

Result<ViolationReport> ViolationReport::open(const std::string &file,
                                              Form form) {
  return ViolationReport(MEMSEAL_TRY(ReportFile::open(file.c_str())), form);
}

void ViolationReport::tell(const Violation &violation) {
  takes_lines_ =
      file_
          .append(lines_.line(violation),
                  takes_lines_ ? Patience::short_ms : Patience::none_ms)
          .has_value();
  lost_ += takes_lines_ ? 0 : 1;
}

void ViolationReport::conclude(Subject program, ViolationCounts counts) {
  counts.lost += lost_;
  if (counts.vanished + counts.lost == 0)
    return;
  program.time = Timestamp::now();
  static_cast<void>(
      file_.append(summary_line(form_, program, counts), Patience::long_ms));
}

}  // namespace memseal::report
