// SPDX-License-Identifier: Apache-2.0
// Who enforces the seals of this process.
#pragma once

#include "options/run_options.h"
#include "report/reason.h"
#include "sys/seccomp_state.h"

namespace memseal::loader {

using report::Outcome;
using report::Reason;

struct EngineChoice {
  Engine engine;                   ///< never empty
  Reason obstacle = Reason::none;  ///< why it cannot be had
};

/// Who is there to be asked.
struct AvailableEngines {
  sys::MsealTrial mseal = sys::MsealTrial::refused;  ///< never `deadly`
  bool keeper = false;
};

/// What `memseal run --engine=` and --on-violation= asked for, as far as it is
/// there. A keeper is the tree's own filter, which names no address; filters of
/// this process do, and outlive execve: docs/exec.md.
EngineChoice choose_engine(const RunOptions &options, AvailableEngines there);

}  // namespace memseal::loader
