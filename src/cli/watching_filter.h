// SPDX-License-Identifier: Apache-2.0
// A supervisor of one traced program, whose filter asks about violations only.
#pragma once

#include <functional>

#include "supervisor/violation_watch.h"
#include "tracer/launch.h"
#include "vm/enforcement.h"

namespace memseal::cli {

/// Answers what the filter of a launched program asks, and tells of each
/// violation, until the program and its children are gone.
report::ViolationCounts watch_filter(
    const tracer::Launched &launched, int listener, OnViolation on_violation,
    std::function<void(const report::Violation &)> tell);

}  // namespace memseal::cli
