// SPDX-License-Identifier: Apache-2.0
// A detour over memseal before a library's first constructor.
//
// Background. Up to glibc 2.40 dlopen tells an audit module that it is done
// before it relocates what it loaded, and tells nothing afterwards. Sealing
// RELRO then would make the relocation fail.
//
// Idea. Between relocating and returning, the loader runs the library's
// constructors: it calls the address that DT_INIT gives, then each of the
// DT_INIT_ARRAY. When it tells us too early, the dynamic section is still
// writable: so the entry is changed to an address of ours. The loader relocates
// the library, protects its RELRO, and calls us; we seal, and call what it
// meant to call. The library's own constructors find themselves sealed.
//
// The loader does not tell which library it calls for, hence a table of stubs,
// one for each library that is on its way. A stub is free again once it ran.
#pragma once

#include "loader/link_map.h"

namespace memseal::loader {

enum class Detour : std::uint8_t {
  set,
  no_constructor,  ///< nothing to redirect
  no_stub,         ///< all stubs are in use
};

/// Redirects the library's constructors to `detour_taken`.
///
/// Needs:   the library is not relocated yet, or its dynamic section is
///          writable; DT_INIT has not been called.
/// Context: under the loader's lock.
Detour set_detour(LinkMap &map);

/// Forgets a library that went away before its constructors ran.
void cancel_detour(const LinkMap &map);

/// Called by a stub before a library's constructors. Defined by the session.
void detour_taken();

}  // namespace memseal::loader
