// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace memseal::cli {

/// `memseal run`: what the launcher did not do by itself. Executes the program
/// in this process; returns only to say why not.
int run(int argc, char **argv);

}  // namespace memseal::cli
