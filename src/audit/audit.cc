// SPDX-License-Identifier: Apache-2.0
// The loader module: what glibc's ld.so calls, see rtld-audit(7).
//
// At the first LA_ACT_CONSISTENT the initial objects, ld.so among them, are
// mapped, relocated and have their RELRO protected, and no constructor has run.
// (la_preinit comes after the constructors of the libraries.) Hooks that look
// at calls between libraries are not here: their mere presence slows each such
// call down.
//
// Where there is another auditor, ld.so loads it, and its C library, into a
// namespace of its own, and tells those who are there already: that namespace
// is consistent before it is relocated, and before the program's is. So events
// of the program's namespace are told from others.
//
// Context: before-main. There is no C library in this module: it has no
// DT_NEEDED, so the loader need not load a second one.
#include <link.h>

#include <cstdint>

#include "audit/this_module.h"
#include "loader/session.h"

#define MEMSEAL_EXPORT extern "C" __attribute__((visibility("default")))

namespace loader = memseal::loader;

namespace {

/// The first object of the base namespace: the program itself. Null until it is
/// announced, for which every auditor is loaded first.
constinit link_map *program = nullptr;

loader::Module this_audit_module() {
  return memseal::this_module("libmemseal-audit.so");
}

/// As long as nobody changes it, a cookie is the address of its link_map.
link_map *map_of(const uintptr_t *cookie) {
  return reinterpret_cast<link_map *>(*cookie);
}

}  // namespace

MEMSEAL_EXPORT unsigned la_version(unsigned version) {
  // What is used here has been the same in every version of the interface.
  return version;
}

MEMSEAL_EXPORT unsigned la_objopen(link_map *map, Lmid_t lmid, uintptr_t *) {
  if (program == nullptr && lmid == LM_ID_BASE) {
    program = map;
    loader::take_auditors(program, this_audit_module(),
                          reinterpret_cast<const void *>(&la_activity));
  }
  if (loader::initial_objects_sealed())
    loader::library_opened(*map, lmid);
  return 0;  // no symbol bindings, please
}

// The type of a cookie is <link.h>'s:
// NOLINTBEGIN(readability-non-const-parameter)
/// With whatever ld.so is going to open, one file after the other.
MEMSEAL_EXPORT char *la_objsearch(const char *name, uintptr_t *, unsigned) {
  if (loader::initial_objects_sealed())
    loader::library_searched(name);
  return const_cast<char *>(name);
}

/// The cache of library names is not mapped any more.
MEMSEAL_EXPORT void la_preinit(uintptr_t *) {
  loader::start_ends();
}

MEMSEAL_EXPORT unsigned la_objclose(uintptr_t *cookie) {
  loader::library_closing(*map_of(cookie));
  return 0;
}

MEMSEAL_EXPORT void la_activity(uintptr_t *cookie, unsigned flag) {
  if (!loader::initial_objects_sealed()) {
    if (flag == LA_ACT_CONSISTENT && program != nullptr &&
        loader::head_of(map_of(cookie)) == program)
      loader::seal_initial_objects(program, nullptr, this_audit_module());
    return;
  }
  if (flag == LA_ACT_DELETE)
    loader::objects_go();
  if (flag == LA_ACT_ADD)
    loader::batch_begins();
  if (flag == LA_ACT_CONSISTENT)
    loader::batch_mapped();
}
// NOLINTEND(readability-non-const-parameter)
