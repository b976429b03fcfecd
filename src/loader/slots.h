// SPDX-License-Identifier: Apache-2.0
// Sealed slots: the calls from one object to another, out of an attacker's
// reach.
//
// Background. Calls between objects go through slots, words that lie among the
// object's data (.got.plt), also when all are bound early: who can write to
// memory has the next call. They share pages with data, so they cannot be made
// read-only where they are.
//
// Idea. The slots are bound and copied to memory that is sealed, and the stubs
// are made to jump through the copies. Code is never writable for that: a
// stub's page is built aside from the file, compared with what is in memory,
// made executable and moved over the old one with mremap(MREMAP_FIXED), which
// nobody who runs there notices. The first stub, which enters ld.so's resolver,
// is made a trap where nothing is left to resolve.
//
// Objects of a batch share one mapping as far as a stub reaches, for one page
// of each object's would cost more than all slots. The program lies elsewhere
// and has one of its own, below it: above it, it would be in the way of brk.
//
// State: one batch at a time, under the loader's lock or before there is a
// second thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "loader/image.h"
#include "loader/slot_binding.h"
#include "memseal/page_range.h"
#include "report/reason.h"

namespace memseal::loader {

/// What became of an object's slots. Those in RELRO are none of these.
struct SlotsOutcome {
  const LinkMap *map = nullptr;
  std::size_t writable = 0;           ///< slots that lay among its data
  std::size_t moved = 0;              ///< of these, no longer called through
  std::optional<PageRange> copies{};  ///< where they are now
  Outcome outcome{};                  ///< why some or all were not
  std::size_t runs = 0;               ///< of the block, up to its last page
};

/// Begins a batch, in which no object was taken up.
void begin_slots_batch();

/// Binds an object's slots and prepares its stubs aside. Errors are in its
/// outcome: then it is as it was, but bound.
///
/// Needs:   the object is relocated; nothing of it is sealed.
/// Context: before-main. Makes open, pread64, mmap, mprotect, mremap, munmap:
///          not under somebody else's filter.
void take_slots(const Image &image, const Binder &binder);

/// Puts in place what was prepared. To be called before the batch's slots are
/// asked about.
void move_slots();

/// Null if the object has no slots that can be written to.
const SlotsOutcome *slots_of(const LinkMap *map);

/// Where the batch's copies lie. They are read-only, and to be sealed.
std::span<const PageRange> slot_copies();

/// Notes that a range of copies could not be sealed.
void slots_unsealed(PageRange copies, Outcome why);

}  // namespace memseal::loader
