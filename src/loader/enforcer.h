// SPDX-License-Identifier: Apache-2.0
// Who enforces the seals of this process.
#pragma once

#include <cstdint>

#include "options/run_options.h"
#include "report/reason.h"
#include "sys/seccomp_state.h"

namespace memseal::loader {

using report::Outcome;
using report::Reason;

/// `keeper` is the tree's own filter, which names no address; `exact` are
/// filters of this process that do, and outlive execve. See docs/exec.md.
/// The strict ones have mseal(2) beside them.
enum class Enforcer : std::uint8_t {
  native,
  keeper,
  strict,
  exact,
  exact_strict
};

/// "native", "keeper", "strict", "filter" (exact).
const char *name(Enforcer enforcer);

/// Whether filters with addresses are made: one for many objects.
bool makes_filters(Enforcer enforcer);

struct EnforcerChoice {
  Enforcer enforcer = Enforcer::native;
  Reason obstacle = Reason::none;  ///< why it cannot be had
};

/// Who is there to be asked.
struct Enforcers {
  sys::MsealTrial mseal = sys::MsealTrial::refused;  ///< never `deadly`
  bool keeper = false;
};

/// What `memseal run --engine=` and --on-violation= asked for, as far as it is
/// there.
EnforcerChoice choose_enforcer(const RunOptions &options, Enforcers there);

}  // namespace memseal::loader
