// SPDX-License-Identifier: Apache-2.0
// The tracer's half of a launch.
#pragma once

#include "tracer/launch.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

/// Seals what the thread executes next, and returns when nobody is left to be
/// watched.
void watch_launch(const Tracee &first, const LaunchOptions &options);

}  // namespace memseal::tracer
