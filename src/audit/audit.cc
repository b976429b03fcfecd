// SPDX-License-Identifier: Apache-2.0
// The loader module: what glibc's ld.so calls, see rtld-audit(7).
//
// At the first LA_ACT_CONSISTENT the initial objects, ld.so among them, are
// mapped, relocated and have their RELRO protected, and no constructor has run.
// (la_preinit comes after the constructors of the libraries.) Hooks that look
// at calls between libraries are not here: their mere presence slows each such
// call down.
//
// Context: before-main. There is no C library in this module: it has no
// DT_NEEDED, so the loader need not load a second one.
#include <link.h>

#include <cstdint>

#include "audit/this_module.h"
#include "loader/session.h"

#define MEMSEAL_EXPORT extern "C" __attribute__((visibility("default")))

namespace loader = memseal::loader;

MEMSEAL_EXPORT unsigned la_version(unsigned version) {
  // What is used here has been the same in every version of the interface.
  return version;
}

MEMSEAL_EXPORT unsigned la_objopen(link_map *map, Lmid_t lmid, uintptr_t *) {
  if (loader::initial_objects_sealed())
    loader::library_opened(*map, lmid);
  return 0;  // no symbol bindings, please
}

// As long as nobody changes it, a cookie is the address of its link_map. Its
// type is <link.h>'s: NOLINTBEGIN(readability-non-const-parameter)
MEMSEAL_EXPORT unsigned la_objclose(uintptr_t *cookie) {
  loader::library_closing(*reinterpret_cast<link_map *>(*cookie));
  return 0;
}

MEMSEAL_EXPORT void la_activity(uintptr_t *cookie, unsigned flag) {
  if (!loader::initial_objects_sealed()) {
    if (flag == LA_ACT_CONSISTENT)
      loader::seal_initial_objects(
          loader::head_of(reinterpret_cast<link_map *>(*cookie)), nullptr,
          memseal::this_module("libmemseal-audit.so"));
    return;
  }
  if (flag == LA_ACT_ADD)
    loader::batch_begins();
  if (flag == LA_ACT_CONSISTENT)
    loader::batch_mapped();
}
// NOLINTEND(readability-non-const-parameter)
