// SPDX-License-Identifier: Apache-2.0
// What one process knows of its own sealing. Private to the session.
//
// All of it is used under the loader's lock or before there is a second thread:
// no lock of its own.
#pragma once

#include <optional>

#include "loader/engine_choice.h"
#include "loader/link_map.h"
#include "memseal/page_range.h"
#include "options/run_options.h"
#include "report/reason.h"
#include "sys/seccomp_state.h"

namespace memseal::loader {

struct State {
  bool started = false;
  RunOptions options;
  Engine engine = Engine::native;
  /// Why nothing can be sealed; `none` if it can.
  Reason obstacle = Reason::none;
  sys::SeccompState seccomp;
  LinkMap *head = nullptr;
  std::optional<PageRange> vvar{};  ///< the pages that the vdso reads
  bool sealed_something = false;
  Outcome first_shortfall;
  bool report_is_torn = false;  ///< lines are missing in it, and that was told
};
// It is constinit: NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
extern constinit State state;

}  // namespace memseal::loader
