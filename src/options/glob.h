// SPDX-License-Identifier: Apache-2.0
// Shell patterns over the names of loaded objects: --only and --except.
#pragma once

#include <cstdint>
#include <string_view>

#include "options/run_options.h"

namespace memseal {

/// Whether the whole of `text` matches: `*` any run of bytes (slashes too),
/// `?` one byte, `[a-z]` and `[!a-z]` one byte of a set, `\x` the byte x.
/// A `[` without its `]` stands for itself.
bool glob_match(std::string_view pattern, std::string_view text);

/// The comma-separated patterns that name this object, by their places: bit 0
/// is the first; the 64th and all that follow are bit 63. A pattern with a
/// slash is held against the whole path, one without against what follows the
/// last slash; a pattern that is spelled exactly like the name matches too, so
/// `[vdso]` needs no quoting.
std::uint64_t patterns_naming(std::string_view patterns,
                              std::string_view object);

/// Whether one of them does.
inline bool names_object(std::string_view patterns, std::string_view object) {
  return patterns_naming(patterns, object) != 0;
}

/// Which patterns have named an object so far.
struct PatternsMet {
  std::uint64_t only = 0, except = 0;
};

/// Whether the run was asked to seal this object: it is named by `only` (or
/// `only` is empty) and not by `except`. An object has two names where a link
/// leads to its file: the loader was asked for libq.so, the kernel tells of
/// libq.so.1.2. Either will do; empty: there is no other.
bool selects(const RunOptions &options, std::string_view object,
             std::string_view other_name = {}, PatternsMet *met = nullptr);

}  // namespace memseal
