// SPDX-License-Identifier: Apache-2.0
// Where memseal's other parts are: beside the executable, as in a build
// directory, or where an installation puts them.
#pragma once

#include "launch/obstacle.h"
#include "launch/path_text.h"

namespace memseal::launch {

enum class InstalledFile : std::uint8_t {
  tool,
  audit_module,
  preload_module,
  provide_library,
};

/// Writes the absolute path of a part. Errors: module_missing.
Refusable<void, Hindrance> find_installed(InstalledFile part, PathText &path);

/// Appends the working directory, without a slash at the end. Returns whether
/// it has a name.
bool append_working_directory(PathText &path);

}  // namespace memseal::launch
