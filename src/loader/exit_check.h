// SPDX-License-Identifier: Apache-2.0
// --at-exit=check: looks at what exit is about to call through, before it does.
//
// Background. At exit, and at dlclose, ld.so calls the destructors of objects,
// which it finds through its records of them; then stdio flushes its streams,
// through tables of functions that each stream names. Records and streams are
// ordinary memory: who writes to them has a call at exit (House of Banana,
// House of Apple 2). glibc 2.35 and newer tell auditors (LA_ACT_DELETE) before.
//
// Idea. What a record should say stands in memory that is read-only and sealed:
// the object's own headers and its dynamic section. So nothing need be
// remembered: a record is believed if its address is that of a read-only ELF
// header whose dynamic section it names, and if its three pointers to
// destructors lie in that section, at entries of their kind. A stream is
// believed if its tables lie in libc's RELRO.
//
// Does not stop: calls through a stream or a record before exit; objects whose
// dynamic section is writable (-z norelro); a table elsewhere in libc's RELRO;
// whoever turns the call to this module off (l_auditing bits of a record).
#pragma once

#include <optional>

#include "loader/link_map.h"
#include "memseal/page_range.h"

namespace memseal::loader {

/// Where to look, found at start, and sealed.
struct ExitTables {
  LinkMap *const *objects = nullptr;  ///< the word that ld.so begins with
  LinkMap *program = nullptr;
  Address program_bias = 0;
  const Elf64_Dyn *program_dynamic = nullptr;
  Address vdso = 0;
  /// The word that stdio begins with.
  const std::uintptr_t *streams = nullptr;
  std::optional<PageRange> libc_relro{};
};

/// Finds them, and checks that all is as it should be now. Nothing if this
/// loader does not tell of exit, or keeps its records in an unknown way.
/// Context: before-main; RELRO is protected.
std::optional<ExitTables> find_exit_tables(LinkMap *head);

/// The first record that is not as it should be; null if all are.
const LinkMap *find_changed_record(const ExitTables &tables);

/// Whether a stream's table of functions is not libc's.
bool streams_are_changed(const ExitTables &tables);

}  // namespace memseal::loader
