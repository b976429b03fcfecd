// SPDX-License-Identifier: Apache-2.0
// What of a process deserves a seal now, and what does not, and why.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "memseal/seal_types.h"
#include "process/mappings.h"
#include "process/remote_memory.h"
#include "report/reason.h"
#include "vm/segment_set.h"

namespace memseal::tracer {

struct PlannedRange {
  PageRange range;
  std::string segment;  ///< "text", "rodata", "relro", "gap", "vdso", "vvar"
  std::string object;
  KernelSeal seal = KernelSeal::unknown;
};

struct LeftOut {
  std::string segment;  ///< empty: the whole object
  std::string object;
  report::Outcome outcome;
};

struct SealPlan {
  std::vector<PlannedRange> ranges;  ///< by object, then ascending
  std::vector<LeftOut> left_out;

  /// The ranges that do not carry the kernel's seal yet, touching ones merged:
  /// one call each.
  std::vector<PageRange> calls() const;
  std::size_t bytes() const;
};

/// At exec nothing is relocated: RELRO is still being written, and so is the
/// text of objects with text relocations.
enum class Moment : std::uint8_t { exec, running };

/// What is wanted of a process.
struct Wanted {
  std::function<bool(std::string_view object)> object;
  SegmentSet segments = every_segment;
  /// Where a filter alone seals; mseal(2) knows all or nothing.
  SealTypes types = seal_type::all;
};

/// Finds the loaded ELF objects by their headers in memory, the file on disk
/// may be gone or another by now. Only pages that are mapped from that object
/// (or anonymous, in its place) and that nobody can write at this moment are
/// planned.
SealPlan plan_seals(const process::Mappings &space,
                    const process::RemoteMemory &memory, Moment moment,
                    const Wanted &wanted);

/// Where the RELRO of the object that is mapped at `inside` lies. Nothing if it
/// has none.
std::vector<PageRange> relro_of(const process::Mappings &space,
                                const process::RemoteMemory &memory,
                                Address inside);

}  // namespace memseal::tracer
