// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace memseal::cli {

/// `memseal-tool keep-seals`, see keep_seals.cc.
int keep_seals(int argc, char **argv);

}  // namespace memseal::cli
