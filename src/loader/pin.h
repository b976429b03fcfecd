// SPDX-License-Identifier: Apache-2.0
// Keeps a library from being unloaded.
//
// dlclose of a sealed library cannot give its memory back: it would succeed,
// and leak. A program that opens and closes plugins would one day have no
// mappings left. So such a library is kept for good, as if it had been opened
// with RTLD_NODELETE; the price is that it keeps its state from one dlopen to
// the next.
#pragma once

#include "loader/link_map.h"

namespace memseal::loader {

/// Makes the loader keep `map`, through the dlmopen of the program's own libc.
/// Returns whether that is so now. `head` is the first object of the base
/// namespace.
///
/// Needs: the loader's lock; the library is in its lists.
bool pin(const LinkMap &map, long lmid, LinkMap *head);

}  // namespace memseal::loader
