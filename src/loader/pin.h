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

using Dlmopen = void *(*)(long, const char *, int);

/// The dlmopen of the program's own libc; null if there is none (yet): up to
/// glibc 2.33 it is in libdl. `head` is the first object of the base namespace.
Dlmopen find_dlmopen(LinkMap *head);

/// Makes the loader keep `map`. Returns whether that is so now. `open` may be
/// null.
///
/// Needs: the loader's lock; the library is in its lists.
bool pin(const LinkMap &map, long lmid, Dlmopen open);

}  // namespace memseal::loader
