// SPDX-License-Identifier: Apache-2.0
// Calls memseal before a library's first constructor.
//
// Background. Up to glibc 2.40 dlopen tells an audit module that it is done
// before it relocates what it loaded, and tells nothing afterwards. Sealing
// RELRO then would make the relocation fail.
//
// Idea. Between relocating and returning, the loader runs the library's
// constructors: it calls the address that DT_INIT gives, then each of the
// DT_INIT_ARRAY. When it tells us too early, the dynamic section is still
// writable: so the entry is changed to the address of a trampoline. The loader
// relocates the library, protects its RELRO, and calls the trampoline, which
// seals and then calls what the loader meant to call. The library's own
// constructors run with the library sealed.
//
// The loader does not tell which library it calls for, hence a table of
// trampolines, one for each library that is being loaded. A trampoline is free
// again once it ran.
#pragma once

#include "loader/link_map.h"

namespace memseal::loader {

/// Has `before_constructors` called before the library's constructors. Does
/// nothing if it has none, if all trampolines are in use, or if its dynamic
/// section cannot be made writable: then the library is sealed with the next
/// one.
///
/// Needs:   nothing of the library is sealed; DT_INIT has not been called.
/// Context: under the loader's lock.
void set_trampoline(LinkMap &map);

/// Forgets a library that went away before its constructors ran.
void cancel_trampoline(const LinkMap &map);

/// Called by a trampoline before a library's constructors. Defined by the
/// session.
void before_constructors();

}  // namespace memseal::loader
