// SPDX-License-Identifier: Apache-2.0
// Seals through a keeper that is there (docs/exec.md).
#pragma once

#include <cstdint>

#include "keeper/zone.h"
#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::keeper {

enum class Presence : unsigned char {
  none,      ///< this process is under no keeper's filter, or it is dead
  watches,   ///< it hears of violations and permits them: `memseal trace`
  enforces,  ///< what it was asked to seal is sealed
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

/// Seals that belong together, one after the other: children that were forked
/// before the first of them do not have them. While one lives, other threads
/// wait for it.
class SealBatch {
public:
  /// Where the process is under a filter of somebody else as well, it may be
  /// forbidden what is no memory call.
  enum class Calls : unsigned char { any, memory_only };

  explicit SealBatch(Calls calls = Calls::any);
  SealBatch(const SealBatch &) = delete;
  SealBatch &operator=(const SealBatch &) = delete;
  ~SealBatch();

  /// Errors:  hole: something in the range is not mapped; if another thread
  ///          unmaps it meanwhile, the rest is sealed all the same. misaligned:
  ///          a part of a huge page. system: what the kernel says to the page
  ///          that stands for the image; ENOSYS the keeper is gone, or
  ///          serves objects only; ERANGE it does not lie in the zone. Nothing
  ///          is sealed then.
  /// Context: before-main.
  Result<void> seal(PageRange range, Sealed what = Sealed::object);

private:
  Calls calls_;
  std::uint64_t interrupted_;
  bool has_identity_ = false;
};

}  // namespace memseal::keeper
