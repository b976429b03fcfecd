// SPDX-License-Identifier: Apache-2.0
// Whether the report that a run was asked for can be written.
#pragma once

#include "launch/path_text.h"
#include "memseal/error.h"
#include "options/run_options.h"

namespace memseal::launch {

/// Notes what the program and its children, who change directories and
/// descriptors, must know of the report: its absolute name, in `room`, and
/// where standard error leads. Then opens it once, so that whoever asked for it
/// hears now that it cannot be written. Without a report nothing is done.
///
/// Errors:  as report::ReportFile::open; ENOENT if the working directory of a
///          relative name has no name itself.
Result<void> begin_report(RunOptions &options, PathText &room);

}  // namespace memseal::launch
