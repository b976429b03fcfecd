// SPDX-License-Identifier: Apache-2.0
// What --at-exit=check does in this process. Private to the session; what is
// checked: exit_check.h.
#pragma once

#include "loader/link_map.h"

namespace memseal::loader {

/// Decides where to look at exit. If that is not known, says so; with --require
/// ends the process with 125.
/// Needs: decisions are open; RELRO is protected.
void find_what_exit_uses(LinkMap *head);

}  // namespace memseal::loader
