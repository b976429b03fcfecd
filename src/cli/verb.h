// SPDX-License-Identifier: Apache-2.0
// What the tool can do: one file per verb, and a table of them in main.cc.
#pragma once

namespace memseal::cli {

/// One verb. `run` gets the arguments as main does, the verb itself in
/// argv[0], and returns the exit code.
struct Verb {
  const char *name;
  const char *summary;
  int exit_failed;  ///< code if the answer cannot be written
  int (*run)(int argc, char **argv);
};

/// A user's mistake: memseal's own failures use 125 to 127, as env(1) does.
inline constexpr int exit_usage = 125;

}  // namespace memseal::cli
