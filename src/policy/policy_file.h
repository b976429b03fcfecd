// SPDX-License-Identifier: Apache-2.0
// A policy: what is to be sealed of a program, and how, in a TOML file.
// docs/policy.md describes the format.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "launch/run_arguments.h"

namespace memseal::policy {

/// Why a file is no policy. Line 0: it could not even be read.
struct PolicyFault {
  std::uint32_t line, column;
  std::string sentence;
};

/// "FILE:LINE:COLUMN: sentence", or without a line "'FILE' sentence".
std::string sentence(const std::string &file, const PolicyFault &fault);

struct PolicyPattern {
  std::string glob, reason;
};

struct Policy {
  std::vector<PolicyFault> faults;  ///< if there are any, the rest is void

  /// It was found in a home, and another user could have written it. It is not
  /// to be obeyed, nor is it our user's mistake: `faults` says why.
  bool foreign = false;

  std::vector<PolicyPattern> only, except;
  /// Setting and word, as in the file: {"engine", "native"}.
  std::vector<std::pair<std::string, std::string>> words;

  /// Sets what the policy says. The request then points into this object.
  void apply_to(launch::RunRequest &request) const;

  std::string only_list, except_list;  ///< the globs, with commas between
};

/// How a file came to be taken for a policy.
enum class Origin : std::uint8_t {
  named,   ///< by the user: any file, also a pipe that somebody writes to
  home,    ///< found in a home, maybe of another user: see `foreign`
  system,  ///< found in /etc/memseal
};

/// Never fails: what is wrong is in `faults`. An unknown key is wrong, and so
/// is what memseal cannot do: nothing a policy asks for is passed over.
Policy read_policy(const std::string &file, Origin origin = Origin::named);
Policy parse_policy(const std::string &text);

/// The policy that applies to a program.
struct ProgramPolicy {
  std::string file;         ///< empty: none
  Policy policy;            ///< of that file
  std::string passed_over;  ///< a sentence, if a foreign file was
};

ProgramPolicy policy_of(const char *const *environment,
                        const std::string &program);

/// A policy that seals all but these, as text.
std::string policy_text(const std::string &title,
                        const std::vector<PolicyPattern> &except);

}  // namespace memseal::policy
