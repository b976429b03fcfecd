// SPDX-License-Identifier: Apache-2.0
// Puts RELRO into anonymous memory before mseal(2) seals it.
//
// Background. mseal(2) refuses advice that discards pages only on private
// anonymous memory that is not writable. RELRO is private memory of a file:
// MADV_DONTNEED on sealed RELRO gives back the file's bytes, with no relocation
// applied; guard pages and DONTFORK work on it too (S-63).
//
// Idea. The bytes are copied to fresh memory, which is made read-only and moved
// over RELRO with mremap(MREMAP_FIXED): from then on RELRO is what the kernel
// protects in full. Nobody can see a moment without it: the kernel replaces the
// mapping under its lock. All objects of a batch share one new mapping, which
// is populated and protected in one go: two calls, and one more for each
// object.
//
// State: one batch at a time, under the loader's lock or before there is a
// second thread.
#pragma once

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::loader {

/// Begins a batch, in which nothing is noted or moved.
void begin_relro_batch();

/// Takes up a range that `move_relro` is to move. If there is no room it stays
/// the file's.
void note_relro(PageRange relro);

/// Moves what was noted.
///
/// Needs:   it is read-only and mapped.
/// Errors:  system: what was not moved by then is as it was.
/// Context: before-main. Makes mmap, mprotect, mremap and munmap: not under
///          somebody else's filter.
Result<void> move_relro();

/// Whether a range of this batch has been moved.
bool relro_was_moved(PageRange relro);

}  // namespace memseal::loader
