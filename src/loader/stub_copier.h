// SPDX-License-Identifier: Apache-2.0
// Changes the stubs of an object, in copies of their pages.
#pragma once

#include <span>

#include "loader/plt_object.h"
#include "loader/slot_block.h"
#include "sys/file_reader.h"

namespace memseal::loader {

/// Which stubs lead where.
struct StubPlan {
  const PltObject &object;
  const sys::FileReader &file;
  Address copies;     ///< of the run of slots
  SlotBlock &block;   ///< takes the pages
  elf::SlotSet &led;  ///< out: slots that some stub was pointed away from
};

/// Looks for stubs where the file says that they are, else in all of the code
/// or at its two ends. `none` if nothing was in the way; then it has also made
/// a trap of the stub that enters the resolver, if nothing is left to resolve.
///
/// Units: `file_words`: what the file has in the slots.
Reason copy_stubs(const StubPlan &plan, std::span<const std::byte> file_words);

}  // namespace memseal::loader
