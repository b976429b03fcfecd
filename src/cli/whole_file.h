// SPDX-License-Identifier: Apache-2.0
// Answers that are written to a file which others read meanwhile.
#pragma once

#include <string>
#include <string_view>

#include "base/refusable.h"
#include "process/refusal.h"

namespace memseal::cli {

/// Replaces the file in one step: a reader finds all of the old text or all of
/// the new. What is no regular file (/dev/stdout, a FIFO) is written to.
///
/// Errors:  failed; the old file is as it was.
Refusable<void, process::Refusal> write_whole_file(const std::string &path,
                                                   std::string_view text);

}  // namespace memseal::cli
