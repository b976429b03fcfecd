// SPDX-License-Identifier: Apache-2.0
// What `memseal trace` tells at the end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "report/record.h"
#include "report/violation.h"

namespace memseal::cli {

class ViolationSummary {
public:
  void add(const report::Violation &violation);

  /// `program` is the word by which the user called it.
  std::string text(const report::ViolationCounts &counts,
                   const std::string &program) const;
  std::string json(const report::ViolationCounts &counts,
                   const report::Subject &subject,
                   const std::string &program) const;

  /// A policy under which what was seen would have worked, as TOML.
  std::string policy(const std::string &program) const;

private:
  /// Names, without folders, of those that calls touched.
  std::set<std::string> objects() const;

  /// Call, object and segment (empty: not known), caller.
  std::map<std::array<std::string, 4>, std::uint64_t> places_;
};

}  // namespace memseal::cli
