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

/// Writes the path of the policy of `program` in its user's folder, by the last
/// part of its name as it was given (links are not followed):
/// $XDG_CONFIG_HOME/memseal/NAME.toml, or without that variable
/// $HOME/.config/memseal/NAME.toml. Returns whether it exists. Whose it is, its
/// reader has to ask.
bool find_home_policy(const char *const *environment, std::string_view program,
                      PathText &path);

/// The same in /etc/memseal. One that is there but cannot be read counts: its
/// reader has to refuse it.
bool find_system_policy(std::string_view program, PathText &path);

/// The first of both that exists.
bool find_policy(const char *const *environment, std::string_view program,
                 PathText &path);

}  // namespace memseal::launch
