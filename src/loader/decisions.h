// SPDX-License-Identifier: Apache-2.0
// What is decided before the program runs and never changes: read-only and
// sealed from then on, so that nobody can make the module seal less, write its
// report elsewhere, or call what he likes.
//
// It lies in the module's own RELRO, which the loader has protected already:
// it is made writable once more, before any code of the program runs.
//
// Context: before-main, with one thread.
#pragma once

#include <optional>

#include "keeper/zone.h"
#include "loader/auditor_list.h"
#include "loader/engine_choice.h"
#include "loader/exit_check.h"
#include "loader/fence.h"
#include "loader/link_map.h"
#include "loader/pin.h"
#include "loader/slot_binding.h"
#include "memseal/page_range.h"
#include "options/run_options.h"
#include "report/reason.h"

namespace memseal::loader {

struct Decisions {
  RunOptions options;
  Engine engine = Engine::native;
  /// Why nothing can be sealed; `none` if it can.
  Reason obstacle = Reason::module_locked;
  /// Why the list of auditors is not sealed; `none` if it is, or if there is
  /// none.
  Reason auditors_open = Reason::none;
  bool moves_relro = false;  ///< to anonymous memory, before it is sealed
  bool moves_slots = false;  ///< to sealed memory: slots.h
  Binder binder{};
  LinkMap *head = nullptr;
  std::optional<ExitTables> exit_tables{};  ///< where --at-exit=check looks
  std::optional<PageRange> vvar{};          ///< the pages that the vdso reads
  keeper::ZoneShape zone{};                 ///< what the keeper guards
  Fence fence{};                            ///< that keeps others out of it
  Dlmopen dlmopen = nullptr;                ///< null where it was not found
  SealedAuditors auditors{};
  char text[1024]{};  ///< of the options, if it fits
};

/// Read-only but between `open_decisions` and `close_decisions`.
// It is constinit: NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
extern constinit Decisions decided;

/// Makes them writable. `module`: the address of its ELF header. Errors: system
/// if the kernel refuses; they are as before then. May be called again.
Result<void> open_decisions(Address module);

/// Makes them read-only.
void close_decisions();

}  // namespace memseal::loader
