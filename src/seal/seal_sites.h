// SPDX-License-Identifier: Apache-2.0
// Where in the program its seals were made, for faults that explain themselves.
// Nothing is kept before somebody asks for it, and nothing depends on it: it is
// ordinary memory, and what it says is no proof.
#pragma once

#include <cstdint>
#include <optional>

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal {

/// What was sealed, as the caller sees it.
enum class SealedThing : std::uint8_t {
  pages,
  arena,
  secret,
  variables,
  object
};

/// One call that sealed.
struct SealSite {
  Address begin, end;
  Address caller;  ///< inside of the calling instruction
  SealedThing thing;
};

/// From now on sites are noted, the first 65,536. Errors: system ENOMEM.
Result<void> note_seal_sites();

/// Notes one, if that is wanted. `return_address` is that of the call.
/// Context: anywhere.
void note_seal(PageRange range, SealedThing thing, const void *return_address);

/// The last site whose pages hold the address. Context: anywhere, signal
/// handlers too.
std::optional<SealSite> find_seal_site(Address at);

}  // namespace memseal
