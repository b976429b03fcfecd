// SPDX-License-Identifier: Apache-2.0
// A keeper (docs/exec.md) that tells of every call it is there to
// refuse: for --on-violation=report, and for `memseal trace`, where it refuses
// none.
#pragma once

#include <functional>
#include <vector>

#include "keeper/filter.h"
#include "supervisor/seal_keeper.h"

namespace memseal::cli {

struct KeeperJob {
  OnViolation on_violation = OnViolation::report;
  std::function<void(const report::Violation &)> tell{};
  /// When nobody is under the filter any more.
  std::function<void(const report::ViolationCounts &)> conclude{};
  /// That these two write to; all others are closed.
  std::vector<int> descriptors{};
  keeper::TreeRules rules{};
};

/// Starts such a keeper, nobody's child, and puts this process and what it will
/// execute under its filter.
///
/// Errors:  those of keeper::ensure_keeper; system EEXIST: another keeper is
///          here, which tells nothing. Nothing has changed then.
/// Needs:   a single thread.
/// Kernel:  5.7.
Result<void> start_watching_keeper(const KeeperJob &job);

}  // namespace memseal::cli
