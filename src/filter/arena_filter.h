// SPDX-License-Identifier: Apache-2.0
// The filter of an arena: one reservation in which sealing needs no filter of
// its own.
//
// A filter per sealed object would exhaust the kernel's budget after a few
// hundred. Instead one filter guards a whole reservation from the beginning and
// leaves exactly one thing possible on what is mapped there: taking the right
// to write away. A seal is then a single mprotect(PROT_READ), irrevocable at
// once, and a call that is under way can only be such a lowering itself.
//
// The reservation begins as a hole. Memory comes into it by mmap with
// MAP_FIXED_NOREPLACE, by which the kernel itself replaces nothing.
#pragma once

#include <span>

#include "bpf/assembler.h"
#include "filter/compiler.h"
#include "memseal/page_range.h"

namespace memseal::filter {

/// Whether the reservation may gain memory once the filter is on.
enum class Growth : std::uint8_t { allowed, refused };

/// What mprotect may lower memory of the reservation to.
enum class Rung : std::uint8_t { read, none };

struct ArenaOptions {
  Architecture architecture = native_architecture();
  OnHit on_hit = OnHit::deny;
  Growth growth = Growth::allowed;
  Rung lowest = Rung::read;
};

/// Compiles the filter. In the reservation mprotect and pkey_mprotect (without
/// a key) may set PROT_READ or, with Rung::none, PROT_NONE instead; every other
/// change of a mapping is refused. With Growth::refused so is mmap with
/// MAP_FIXED_NOREPLACE.
///
/// Needs:   nothing mapped there but memory of the arena.
/// Kernel:  4.17 for MAP_FIXED_NOREPLACE; an older one takes it for a hint and
///          maps elsewhere.
/// Errors:  budget when `storage` holds fewer than 512 instructions.
/// Does not stop: what needs the base filter (S-49); mmap without an address
///          that the kernel happens to place in the hole.
Result<bpf::Program> compile_arena(PageRange reservation,
                                   const ArenaOptions &options,
                                   std::span<bpf::Instruction> storage);

}  // namespace memseal::filter
