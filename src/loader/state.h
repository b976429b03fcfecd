// SPDX-License-Identifier: Apache-2.0
// What one process knows of its own sealing and what changes while it runs; for
// what does not, see decisions.h. Private to the session.
//
// All of it is used under the loader's lock or before there is a second thread:
// no lock of its own.
#pragma once

#include "report/reason.h"
#include "sys/seccomp_state.h"

namespace memseal::loader {

using report::Outcome;

struct State {
  bool started = false;
  sys::SeccompState seccomp;
  bool sealed_something = false;
  Outcome first_shortfall;
  bool report_is_torn = false;  ///< lines are missing in it, and that was told
};
// It is constinit: NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
extern constinit State state;

}  // namespace memseal::loader
