// SPDX-License-Identifier: Apache-2.0
// How hits are told: as lines, and summed up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/hit_desk.h"
#include "tracer/launch.h"

namespace memseal::cli {

std::vector<supervisor::Guarded> guarded_of(const tracer::Launched &launched);

/// One line, with its newline. `verdict` is "denied" or "permitted".
std::string hit_text(const supervisor::Hit &hit, const char *verdict);
std::string hit_json(const supervisor::Hit &hit, const char *verdict);

/// Where hits are written down. `file`: "-" is standard error; JSON if its name
/// ends so.
class HitReport {
public:
  explicit HitReport(const std::string &file);

  int descriptor() const { return fd_; }
  void denied(const supervisor::Hit &hit) const;
  void conclude(const supervisor::DeskCounts &counts) const;

private:
  int fd_;
  bool json_;
};

/// --on-violation=report: denies, and writes down each hit, until the program
/// and its children are gone.
void report_hits(const tracer::Launched &launched, int listener,
                 const std::string &file);

/// What `memseal trace` tells at the end.
class HitSummary {
public:
  void add(const supervisor::Hit &hit);
  std::string text(const supervisor::DeskCounts &counts,
                   const std::string &program) const;
  std::string json(const supervisor::DeskCounts &counts,
                   const std::string &program) const;

  /// A policy under which what was seen would have worked, as TOML.
  std::string policy(const std::string &program) const;

private:
  /// Call, object, part, caller.
  std::map<std::array<std::string, 4>, std::uint64_t> places_;
};

}  // namespace memseal::cli
