// SPDX-License-Identifier: Apache-2.0
// Runs the programs of this folder with a loader of choice.
#pragma once

#include <string>
#include <vector>

namespace memseal::test {

/// What a program did.
struct Finished {
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
  int status;          ///< exit code; 1000 + signal if one ended it
};

/// "host", or the version of a glibc that fetch-glibc has put beside the build.
struct Glibc {
  std::string version;

  /// Whether it is there.
  bool available() const;
  /// Whether dlopen tells an audit module when it is done: since 2.41.
  bool tells_late() const;
  /// What goes before a program's name in a command line.
  std::vector<std::string> loader() const;
};

/// Absolute path in the folder of test programs and libraries.
std::string program(const std::string &name);
/// Absolute path of a built module: "audit" or "preload".
std::string module(const std::string &name);

/// Runs a command with no environment but `environment` (NAME=VALUE).
Finished run(const std::vector<std::string> &command,
             const std::vector<std::string> &environment);

/// The same with the audit module; `options` is the text of MEMSEAL_OPTIONS.
Finished run_sealed(const Glibc &glibc, const std::vector<std::string> &command,
                    const std::string &options = "");
/// The control twin: without it.
Finished run_unsealed(const Glibc &glibc,
                      const std::vector<std::string> &command);

}  // namespace memseal::test
