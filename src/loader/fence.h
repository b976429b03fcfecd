// SPDX-License-Identifier: Apache-2.0
// Keeps what the program maps out of the zone that its keeper guards.
//
// Background. A call on memory in the zone waits for the keeper, one below it
// does not (keeper/zone.h). The kernel puts a new mapping into the highest hole
// that it fits: between the libraries, or right below them, all in the zone.
//
// Idea. The fence: inaccessible memory, which costs no page and no page table,
// fills the zone from its border up to the lowest object, and every hole
// between the objects. So the highest hole is below the border. A library that
// dlopen brings must lie in the zone, or is not sealed: for the time of a
// dlopen there is a gap in the fence.
//
// Whatever fails makes calls slow, never unsound: who maps memory in the zone
// is asked about it.
//
// Context: before-main, and under the loader's lock. Other threads may map
// memory at any time.
#pragma once

#include <cstddef>

#include "memseal/page_range.h"

namespace memseal::loader {

/// Where it stands. None: all zeros.
struct Fence {
  Address border = 0;  ///< where the zone begins
  Address top = 0;     ///< below the lowest object
  bool stands() const { return top != 0; }
};

/// Puts it up from the border to the lowest object. None if the image lies
/// elsewhere, or has no room for it (RLIMIT_AS).
Fence put_up_fence(Address border);

/// Fills the holes between the objects.
void fill_holes(const Fence &fence);

/// A dlopen is going to map a library whose file has this size; 0 if it is not
/// known. More than one may follow.
void make_gap(const Fence &fence, std::size_t size);
/// 0: there is no such file. Units: bytes.
std::size_t size_of_library(const char *name);

/// The libraries are mapped.
void close_gap(const Fence &fence);

}  // namespace memseal::loader
