// SPDX-License-Identifier: Apache-2.0
// Where the policy of a program is looked for.
//
// Background. `memseal run` is executed before every program that is started
// sealed, and most have no policy. So the launcher only asks whether there is a
// file, by one faccessat(2) for each place, and leaves reading it to the tool.
#pragma once

#include <cstdint>
#include <string_view>

#include "launch/path_text.h"

namespace memseal::launch {

/// Writes the path of the policy that applies to `program`, by the last part of
/// its name as it was given (links are not followed):
///
///   1. $XDG_CONFIG_HOME/memseal/NAME.toml, or without that variable
///      $HOME/.config/memseal/NAME.toml
///   2. /etc/memseal/NAME.toml
///
/// The first that exists is the only one. One that is there but cannot be read
/// counts: its reader has to refuse it. Returns whether there is one.
bool find_policy(const char *const *environment, std::string_view program,
                 PathText &path);

}  // namespace memseal::launch
