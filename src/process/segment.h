// SPDX-License-Identifier: Apache-2.0
// Pages of one kind, and what holds them in place.
#pragma once

#include <cstdint>

#include "memseal/page_range.h"
#include "memseal/seal_types.h"
#include "vm/mapping.h"
#include "vm/protection.h"

namespace memseal::process {

enum class SegmentKind : std::uint8_t {
  text,       ///< code of an object
  rodata,     ///< read-only data of an object
  relro,      ///< data of an object that is read-only once it is relocated
  gap,        ///< the inaccessible pages between an object's segments
  vdso,       ///< code that the kernel lends
  vvar,       ///< what that code reads, written by the kernel
  data,       ///< writable data of an object
  heap,       ///< brk
  stack,      ///< of the first thread
  jit,        ///< code that the program made itself
  file,       ///< any other file
  shared,     ///< shared memory
  reserved,   ///< anonymous, without any access: guards, reservations
  anonymous,  ///< everything else
  kernel,     ///< vsyscall, which is not mapped
};
const char *name(SegmentKind kind);

/// What sealing is for: memory that no honest program changes any more.
bool is_sealable(SegmentKind kind);

struct Segment {
  PageRange range;
  Protection protection;
  Sharing sharing;
  SegmentKind kind;
  /// Private memory of no file, as mseal(2) protects best: S-63.
  bool anonymous = false;
  bool native = false;  ///< the kernel's own seal: VmFlags `sl`
  SealTypes filter;     ///< types that the process's filter holds
  bool downgradable = false;
  bool kept = false;  ///< a keeper says that it keeps it

  /// Nothing about the mapping can be changed any more.
  bool sealed() const { return native || kept || filter.has(seal_type::all); }
  /// And that is not the kernel itself.
  bool claimed() const { return sealed() && !native; }
  /// Some changes are forbidden, others are not.
  bool partly_sealed() const { return !sealed() && !filter.empty(); }
  /// "native", "filter", "keeper", "strict" (native and one of the others);
  /// empty if not sealed at all.
  const char *engine() const;
};

}  // namespace memseal::process
