// SPDX-License-Identifier: Apache-2.0
// Seals through a keeper that is there (docs/exec.md): two pieces of advice are
// the mark, which the keeper enforces.
#pragma once

#include "keeper/zone.h"
#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::keeper {

enum class Presence : unsigned char {
  none,      ///< this process is under no keeper's filter, or it is dead
  watches,   ///< it hears of violations and permits them: `memseal trace`
  enforces,  ///< what is marked is sealed
};

struct KeeperHere {
  Presence presence = Presence::none;
  ZoneShape zone{};  ///< none: it is asked about everything
};

/// Context: before-main, under any filter that permits brk(2).
KeeperHere keeper_here();
inline Presence keeper_presence() {
  return keeper_here().presence;
}

/// The same, and tells the keeper that this image is new: of an image that it
/// may not look into it would not know. Needs: nothing is sealed in it.
KeeperHere announce_image();

/// What is sealed: of memory that is no part of a loaded ELF object the keeper
/// must know more.
enum class Sealed : unsigned char { object, memory };

/// Marks the range.
///
/// Errors:  hole: something in it is not mapped. system: EAGAIN the process has
///          no mappings left (vm.max_map_count); ENOSYS the keeper is gone,
///          or serves objects only; ERANGE it does not lie in the zone.
///          Nothing is sealed then, but the pages may be left out of core
///          dumps.
/// Context: before-main.
Result<void> seal_by_keeper(PageRange range, Sealed what = Sealed::object);

}  // namespace memseal::keeper
