// SPDX-License-Identifier: Apache-2.0
// The command line of `memseal run`.
//
// One table of options is the only truth: the launcher parses with it, and the
// tool makes its help and its error messages from it.
#pragma once

#include <span>
#include <string_view>

#include "options/run_options.h"

namespace memseal::launch {

/// How the program gets to be sealed; automatic: decided by looking at it.
enum class How : std::uint8_t {
  automatic,
  audit,
  preload,
  trace,
  trace_children
};

/// Whether mseal(2) is served to the program: where the kernel has none, even
/// where it has, or nowhere.
enum class Provide : std::uint8_t { automatic, always, never };

/// What the command line asks for. Strings point into the argument vector.
struct RunRequest {
  RunOptions options;
  How how = How::automatic;
  Provide provide = Provide::automatic;
  /// A file, "none", or empty: the one that find_policy finds, if any. Whoever
  /// parses the command line reads it; nothing below does.
  std::string_view policy{};
  char **program = nullptr;  ///< PROG ARG..., ends with a null pointer
};

enum class Value : std::uint8_t { none, optional, needed };

/// One option of the table.
struct RunOption {
  std::string_view name;  ///< with its dashes
  Value value;
  std::string_view label;  ///< what the help calls the value
  std::string_view help;
  /// Returns whether the value is one that the option knows.
  bool (*apply)(RunRequest &request, std::string_view value);
};

std::span<const RunOption> run_options();

/// Parses what follows the word `run`; `arguments` ends with a null pointer.
/// Options end at `--` or at the first word that is not an option.
///
/// What no option says stays as it is in `request`.
///
/// Errors:  malformed: an unknown option, a wrong or missing value, no program,
///          or a wish for help. The caller finds the words for it.
Result<RunRequest> parse_run_arguments(char **arguments,
                                       RunRequest request = {});

}  // namespace memseal::launch
