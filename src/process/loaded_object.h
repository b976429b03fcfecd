// SPDX-License-Identifier: Apache-2.0
// Recognises loaded ELF objects among the mappings of a process.
//
// The headers of an object can be read in its memory, which needs the right to
// trace, and in its file, which may be gone. What they say is judged in one
// place, by the mappings alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "elf/flaw.h"
#include "elf/layout.h"
#include "process/mappings.h"
#include "process/remote_memory.h"

namespace memseal::process {

enum class Loading : std::uint8_t {
  partly,  ///< a loader is not done yet, or something was changed since
  wholly,  ///< every part is where the headers say, as they say
};

/// An object, of which something besides its first segment is in place. (A file
/// may also be mapped only to be read.)
struct LoadedObject {
  const Mapping *first;  ///< where its first segment begins
  elf::Layout layout;
  Loading loading = Loading::partly;
  bool has_interpreter = false;

  /// Whether these pages are of the object's file.
  bool maps(const Mapping &mapping) const;
};

/// Fills `out` with what the object's file holds at `offset`; whether it could.
using ReadObject =
    std::function<bool(std::uint64_t offset, std::span<std::byte> out)>;

/// The object whose first segment `first` is; nothing if it is none, or not
/// loaded. Reads a few KiB at most, whatever the headers say.
///
/// Units:   `page` is the page size of the process.
/// Needs:   `first` is one of `space`.
/// Errors:  the headers make no sense.
Refusable<std::optional<LoadedObject>, elf::Flaw> recognise(
    const Mappings &space, const Mapping &first, std::size_t page,
    const ReadObject &read);

/// The same, by the headers in the process's memory.
Refusable<std::optional<LoadedObject>, elf::Flaw> recognise_in_memory(
    const Mappings &space, const Mapping &first, const RemoteMemory &memory);

/// The same, by the headers in the file behind the mapping.
struct RecognisedFile {
  std::optional<LoadedObject> object;
  std::string note;  ///< what is odd about the file; empty
};
RecognisedFile recognise_by_file(pid_t pid, const Mappings &space,
                                 const Mapping &first);

}  // namespace memseal::process
