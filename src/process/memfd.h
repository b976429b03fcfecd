// SPDX-License-Identifier: Apache-2.0
// Telling memfds from files that are named like one. What a memfd holds is
// read at once; a file may belong to somebody who never answers.
#pragma once

#include <sys/types.h>

#include "vm/mapping.h"

namespace memseal::process {

/// Whether that is the file system of all memfds. True of any, if we may not
/// make one to compare.
bool is_on_memfds(dev_t device);
bool is_on_memfds(const Mapping &mapping);

}  // namespace memseal::process
