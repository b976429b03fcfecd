// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <link.h>

#include "loader/session.h"

namespace memseal {

/// Tells the wrapper what is sealed already. Before this, it passes calls on.
/// `own` is the dynamic section of this module.
void remember_initial_objects(link_map *head, const Elf64_Dyn *own);

}  // namespace memseal
