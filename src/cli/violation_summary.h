// SPDX-License-Identifier: Apache-2.0
// What `memseal trace` tells at the end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "report/violation.h"

namespace memseal::cli {

class ViolationSummary {
public:
  void add(const report::Violation &violation);
  std::string text(const report::ViolationCounts &counts,
                   const std::string &program) const;
  std::string json(const report::ViolationCounts &counts,
                   const std::string &program) const;

  /// A policy under which what was seen would have worked, as TOML.
  std::string policy(const std::string &program) const;

private:
  /// Call, object, segment, caller.
  std::map<std::array<std::string, 4>, std::uint64_t> places_;
};

}  // namespace memseal::cli
