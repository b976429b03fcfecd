// SPDX-License-Identifier: Apache-2.0
// Which objects --only and --except choose.
// Context: before-main, or under the loader's lock.
#pragma once

#include "loader/image.h"

namespace memseal::loader {

/// By the loader's name for it, and by its file's own.
bool is_selected(const Image &image);

/// Writes down each pattern that has named no object so far, and does not let
/// the program run if --only has chosen none though --require was given.
void tell_unmatched_patterns();

}  // namespace memseal::loader
