// SPDX-License-Identifier: Apache-2.0
// ld.so's list of auditors, put where nobody can write to it.
//
// Background. For each auditor, memseal's module among them, glibc's loader
// allocates a struct of function pointers, unmangled, on its writable heap, and
// calls through it at every dlopen, dlclose and at exit. Without an auditor
// there is none: memseal itself would bring a new target. The word that points
// to the list lies in the loader's RELRO.
//
// Idea. The first auditor to hear of the program's objects is called after the
// last was loaded, while the loader may still write to its RELRO: it has just
// counted the auditors there. So the list is copied into the module's own
// RELRO, which is sealed, and the loader's word pointed at the copy.
//
// The word has no symbol of its own. It is found by what it points to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace memseal::loader {

/// Source: glibc 2.31 to 2.41, sysdeps/generic/ldsodefs.h, struct audit_ifaces.
struct Auditor {
  const void *hooks[8];  ///< la_activity first
  Auditor *next;
};

/// Two neighbours in _rtld_global_ro: _dl_audit and _dl_naudit.
struct AuditorList {
  Auditor *first;
  std::uint32_t count;
};

inline constexpr std::size_t most_auditors = 16;
using SealedAuditors = std::array<Auditor, most_auditors>;

/// The list of which one auditor's la_activity is `own_activity`. Null if it is
/// not there, or holds more than most_auditors.
///
/// Units:   `variables`: the words of _rtld_global_ro.
/// Context: before-main. Reads where words near the end of `variables` point
///          to, if a count follows them.
AuditorList *find_auditor_list(std::span<std::uintptr_t> variables,
                               const void *own_activity);

/// Copies the auditors and makes the list lead there.
/// Needs: find_auditor_list has found it; both are writable.
void move_auditors(AuditorList &list, SealedAuditors &to);

}  // namespace memseal::loader
