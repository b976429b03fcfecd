// SPDX-License-Identifier: Apache-2.0
// Shell patterns over the names of loaded objects: --only and --except.
#pragma once

#include <string_view>

#include "options/run_options.h"

namespace memseal {

/// Whether the whole of `text` matches: `*` any run of bytes (slashes too),
/// `?` one byte, `[a-z]` and `[!a-z]` one byte of a set, `\x` the byte x.
/// A `[` without its `]` stands for itself.
bool glob_match(std::string_view pattern, std::string_view text);

/// Whether one of the comma-separated patterns names this object. A pattern
/// with a slash is held against the whole path, one without against what
/// follows the last slash; a pattern that is spelled exactly like the name
/// matches too, so `[vdso]` needs no quoting.
bool names_object(std::string_view patterns, std::string_view object);

/// Whether the run was asked to seal this object: it is named by `only` (or
/// `only` is empty) and not by `except`.
bool selects(const RunOptions &options, std::string_view object);

}  // namespace memseal
