// SPDX-License-Identifier: Apache-2.0
#include "launch/begin_report.h"

#include <cerrno>

#include "launch/installation.h"
#include "report/report_file.h"

namespace memseal::launch {

Result<void> begin_report(RunOptions &options, PathText &room) {
  if (options.report.empty() && options.on_violation != OnViolation::report)
    return {};
  options.standard_error = report::identity_of(2);
  if (options.report.empty() || options.report == "-")
    return options.standard_error ? Result<void>() : fail(Errc::system, EBADF);
  room.clear();
  if (options.report.front() != '/') {
    if (!append_working_directory(room))
      return fail(Errc::system, ENOENT);
    room.append("/");
  }
  if (!room.append(options.report).fits())
    return fail(Errc::system, ENAMETOOLONG);
  options.report = room.view();
  MEMSEAL_TRY(report::ReportFile::open(room.c_str()));
  return {};
}

}  // namespace memseal::launch
