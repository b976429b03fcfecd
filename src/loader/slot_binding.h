// SPDX-License-Identifier: Apache-2.0
// Has ld.so bind the slots of an object that is bound lazily.
//
// Background. A lazily bound slot is filled at the first call: the stub enters
// ld.so's resolver, which looks the function up and then jumps to it. To bind
// early by LD_BIND_NOW would be seen by the program and inherited, and would
// make an object with a missing function fail to load.
//
// Idea. Within the resolver one function does the work (_dl_fixup) and returns
// the address. It is called here for each slot, as the resolver calls it: so
// the scope, the versions, interposition and IFUNC are ld.so's own. Errors,
// which ld.so reports by a jump, are caught by its own _dl_catch_exception:
// such a slot stays lazy, as it was.
//
// The function has no name outside ld.so. It is found in the resolver's code,
// to which the object's data points, by the instructions before its call; where
// they are others, nothing is bound.
#pragma once

#include <optional>

#include "elf/plt.h"
#include "loader/link_map.h"
#include "memseal/page_range.h"

namespace memseal::loader {

/// glibc, elf/dl-exception.c.
struct LoaderException {
  const char *object = nullptr;
  const char *text = nullptr;
  char *buffer = nullptr;
};

/// What of ld.so binds. Found at start, and sealed.
struct Binder {
  std::optional<PageRange> loader_text{};
  int (*catch_exception)(LoaderException *, void (*)(void *), void *) = nullptr;
  void (*free_exception)(LoaderException *) = nullptr;
};

/// Nothing is found of a loader that is not glibc's.
Binder find_binder(LinkMap *head);

/// Whether ld.so has left the slots of an object to be bound later.
bool is_bound_lazily(const LinkMap &map);

/// Binds the functions of an object, and adds the slots that are bound now.
/// Returns false if ld.so's function was not found, or writes no slots
/// (LD_BIND_NOT).
/// Of a function that is not there the slot stays as it is.
///
/// Needs:   is_bound_lazily; it is relocated, and the relocations are its own:
/// each lies in
///          memory that may be written to.
/// Context: before-main, or under the loader's lock. Runs resolvers of IFUNC.
bool bind_slots(const Binder &binder, LinkMap &map,
                const elf::PltRelocations &relocations, elf::SlotSet &bound);

}  // namespace memseal::loader
