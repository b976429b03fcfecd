// SPDX-License-Identifier: Apache-2.0
// The file that `memseal enable` writes beside a unit's own.
#pragma once

#include <string>
#include <vector>

#include "policy/policy_file.h"
#include "process/refusal.h"
#include "service/unit_file.h"

namespace memseal::service {

inline constexpr const char *drop_in_name = "50-memseal.conf";

/// Whether NAME=VALUE is about a variable that a drop-in of ours sets.
bool names_ours(const std::string &assignment);

/// Whether memseal has written this file.
bool is_ours(const Root &root, const std::string &file);

/// What the program of one ExecStart= needs in its environment. `root` is what
/// is taken for /.
Refusable<std::vector<std::string>, process::Refusal> assignments_for(
    const Root &root, const Unit &unit, const std::string &program,
    const policy::Policy &policy);

struct DropIn {
  const Unit &unit;
  const policy::Policy &policy;
  std::string policy_file;  ///< as it will be called there; empty: none
  std::vector<std::string> assignments;

  std::string text() const;
};

/// Either the whole file is there or nothing is.
Refusable<void, process::Refusal> write_whole(const Root &root,
                                              const std::string &file,
                                              const std::string &text);

/// Removes a file, and its folder if that is empty then. Errors: failed.
Refusable<void, process::Refusal> remove_file(const Root &root,
                                              const std::string &file);

}  // namespace memseal::service
