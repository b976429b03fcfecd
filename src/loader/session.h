// SPDX-License-Identifier: Apache-2.0
// One process, from its first object to its last: decides what is sealed when.
//
// The audit module calls it on the loader's events, the preload module from its
// constructor. All of it runs under the loader's lock or before there is a
// second thread, so the state needs no lock of its own.
//
// The rule that comes before all others: whatever goes wrong, the program goes
// on, with that object unsealed and the reason recorded; unless --require says
// that it must not.
#pragma once

#include <string_view>

#include "loader/link_map.h"
#include "memseal/page_range.h"

namespace memseal::loader {

/// The code that calls this, for it is to be sealed too.
struct Module {
  Address begin;  ///< of its ELF header
  Elf64_Dyn *dynamic;
  std::string_view name;
};

/// The audit module hears of the program, `head`, before the loader protects
/// its own RELRO: takes the list of auditors to where it will be sealed.
/// `own_activity`: the module's la_activity.
void take_auditors(LinkMap *head, const Module &module,
                   const void *own_activity);

/// The initial objects are mapped, relocated and protected, and no constructor
/// has run: seal them.
///
/// `head` is the first object of the base namespace. `environment` may be null;
/// then it is looked for. Exits the process with 125 if --require is not met.
void seal_initial_objects(LinkMap *head, char **environment,
                          const Module &module);

/// Objects are about to go: at dlclose, or all of them at exit. With
/// --at-exit=check looks at what will be called through, and aborts if that was
/// changed.
void objects_go();

/// Whether the above has happened.
bool initial_objects_sealed();

/// A library was mapped by dlopen or dlmopen, in the namespace `lmid`.
void library_opened(LinkMap &map, long lmid);

/// It is about to be unmapped: by dlclose, or since dlopen failed.
void library_closing(LinkMap &map);

/// All that the loader itself had mapped for the start is gone.
void start_ends();

/// ld.so looks for a library there. Null: it does not tell where.
void library_searched(const char *name);

/// A dlopen begins: what an earlier one brought is relocated by now.
void batch_begins();

/// All libraries of a dlopen are mapped (glibc 2.40 and older), or also
/// relocated (since 2.41).
void batch_mapped();

/// A library is relocated, and its loader never unloads: musl's.
void seal_late_object(LinkMap &map);

}  // namespace memseal::loader
