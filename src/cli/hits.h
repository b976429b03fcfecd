// SPDX-License-Identifier: Apache-2.0
// How hits are told: as lines, and summed up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/hit_desk.h"
#include "tracer/launch.h"

namespace memseal::cli {

std::vector<supervisor::Guarded> guarded_of(const tracer::Launched &launched);

/// Writes hits as lines. What comes from one place again and again is put
/// together once.
class HitLines {
public:
  enum class Form : std::uint8_t { text, json };

  /// `verdict` is "denied" or "permitted"; static storage.
  HitLines(Form form, const char *verdict) : form_(form), verdict_(verdict) {}

  /// With its newline. Valid until the next call.
  std::string_view line(const supervisor::Hit &hit);

private:
  void begin_text(const supervisor::Hit &hit);
  void begin_json(const supervisor::Hit &hit);
  const std::string &callers(const supervisor::Backtrace &from);

  Form form_;
  const char *verdict_;
  std::string line_;
  std::map<std::uint64_t, std::string> callers_;
};

/// Where hits are written down. `file`: "-" is standard error; JSON if its name
/// ends so.
class HitReport {
public:
  explicit HitReport(const std::string &file);

  int descriptor() const { return fd_; }
  void denied(const supervisor::Hit &hit);
  void conclude(const supervisor::DeskCounts &counts) const;

private:
  int fd_;
  bool json_;
  HitLines lines_;
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
