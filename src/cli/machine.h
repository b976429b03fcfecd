// SPDX-License-Identifier: Apache-2.0
// Where and when something was found: what makes a report a proof.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "report/timestamp.h"

namespace memseal::cli {

struct Machine {
  std::string host, kernel, architecture;
  std::string libc;  ///< that memseal runs with: "glibc 2.36"
  std::string time;  ///< RFC 3339, UTC

  static Machine here();

  /// "HOST, Linux 6.18.0 x86_64, glibc 2.36, TIME, memseal 0.2.0", escaped.
  std::string line() const;
  nlohmann::ordered_json json() const;
};

}  // namespace memseal::cli
