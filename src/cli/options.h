// SPDX-License-Identifier: Apache-2.0
// What a verb takes from its command line. A thin front of CLI11, which is
// compiled in one file only: it costs seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace memseal::cli {

/// Declares options that write into the variables they are given, then parses.
///
///   Options options("status", "show what is sealed");
///   options.flag("--json", json, "print JSON");
///   if (auto code = options.parse(argc, argv, 2))
///     return *code;
class Options {
public:
  /// `epilogue` is printed under --help: exit codes, a pointer to the manual.
  Options(const char *verb, const char *summary, const char *epilogue = "");
  ~Options();

  void flag(const char *names, bool &value, const char *help);
  void text(const char *name, std::string &value, const char *help);
  void number(const char *name, int &value, const char *help);
  /// One of `choices`; anything else is a mistake of the user's.
  void choice(const char *name, std::string &value,
              std::vector<std::string> choices, const char *help);
  void texts(const char *name, std::vector<std::string> &values,
             const char *help);
  /// What stands without a name, any number of them.
  void positionals(const char *name, std::vector<std::string> &values,
                   const char *help);
  /// Everything from the first positional (or behind `--`) on, options of
  /// another program included.
  void command(const char *name, std::vector<std::string> &values,
               const char *help);

  /// The exit code if there is nothing left to do: 0 after --help,
  /// `usage_code` after a mistake, which has been told on standard error.
  std::optional<int> parse(int argc, char **argv, int usage_code);

private:
  struct App;
  std::unique_ptr<App> app_;
};

}  // namespace memseal::cli
