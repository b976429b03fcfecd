// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "launch/run_arguments.h"

namespace memseal::cli {

/// Gets a tracer that seals this process's next exec (tracer/launch.h). Returns
/// the exit code if the program must not be run; otherwise the caller executes
/// it, in this process. Where it cannot be sealed and need not be (no
/// --require), that is said on standard error.
std::optional<int> prepare_trace(const launch::RunRequest &request,
                                 const char *path);

/// Where violations are written, by name; "-" if no report was asked for.
std::string report_file(const RunOptions &options);

}  // namespace memseal::cli
