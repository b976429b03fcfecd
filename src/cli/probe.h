// SPDX-License-Identifier: Apache-2.0
// What `memseal probe` found, and its faces.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "probe/forked_copy.h"
#include "probe/trial.h"
#include "process/process_view.h"

namespace memseal::cli {

struct ProbedSegment {
  const process::Object *object;
  const process::Segment *segment;
  std::vector<probe::Trial> trials;  ///< one for each of attacks()

  /// Neither sealed nor meant to change, and yet open.
  bool should_hold(std::size_t attack) const;
};

struct ProbeReport {
  process::ProcessView space;
  std::vector<ProbedSegment> segments;
  double seconds = 0;

  std::size_t trials() const {
    return segments.size() * probe::attacks().size();
  }
  /// Attacks that worked though a seal promises that they do not.
  std::size_t broken() const;
  /// Attacks that worked on memory that could be sealed and is not.
  std::size_t unsealed() const;
};

/// All segments of one kind under one attack.
struct Cell {
  std::size_t held = 0, open = 0, without_effect = 0, not_applicable = 0,
              unknown = 0;
  std::size_t broken = 0;    ///< of `open`: promised
  std::size_t unsealed = 0;  ///< of `open`: nothing was sealed
};
Cell cell_of(const ProbeReport &report, std::size_t attack,
             process::SegmentKind kind);
/// The kinds that were probed, in the order of SegmentKind.
std::vector<process::SegmentKind> kinds_of(const ProbeReport &report);

std::string text_of(const ProbeReport &report, Colour colour);
std::string json_of(const ProbeReport &report);
/// One page that needs nothing else.
std::string html_of(const ProbeReport &report);

/// Starts `memseal run` with `arguments`, stops the program before its first
/// instruction, copies it and kills it.
Refusable<probe::ForkedCopy, process::Refusal> copy_of_program(
    const std::vector<std::string> &arguments);

}  // namespace memseal::cli
