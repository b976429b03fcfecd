// SPDX-License-Identifier: Apache-2.0
// Where an object's parts lie in memory, and which of them deserve a seal.
//
// A loader maps every PT_LOAD at `bias` + p_vaddr, rounded to pages. What it
// maps without PF_W never changes again: text if executable, else rodata. The
// writable segment begins with what the relocations have to write (GOT,
// vtables, .init_array): after relocating, the loader protects these pages, to
// which PT_GNU_RELRO points. The pages between two segments hold nothing; glibc
// leaves them mapped without any access.
//
// The headers come from a file that may lie. Sealing what they claim would seal
// somebody else's memory, so anything that a linker does not make and a loader
// could not map is refused as a whole.
#pragma once

#include <cstdint>

#include "base/inline_vector.h"
#include "elf/flaw.h"
#include "elf/headers.h"
#include "memseal/page_range.h"
#include "vm/mapping.h"
#include "vm/segment_set.h"

namespace memseal::elf {

enum class PartKind : std::uint8_t {
  text,    ///< executable, not writable
  rodata,  ///< neither
  relro,   ///< written while the object is relocated, then read-only
  gap,     ///< between two segments
  data,    ///< writable by design, never sealed
};

/// "text", "rodata", "relro", "gap", "data".
const char *name(PartKind kind);

/// Whether a part of this kind belongs to what is wanted. Gaps go with text: a
/// gap is where code of somebody else's could be put among an object's own.
bool is_among(PartKind kind, SegmentSet wanted);

struct Part {
  PartKind kind;
  PageRange range;

  bool sealable() const { return kind != PartKind::data; }
};

/// Where an object was put.
struct Placement {
  Address bias = 0;  ///< added to every p_vaddr, modulo 2^64 (`l_addr`)
  std::size_t page = 4096;
  /// Bytes of a file that the kernel mapped in one piece, the vdso: what is
  /// behind the last segment is mapped like it, and how segments are aligned
  /// does not matter. 0 for any other file.
  std::size_t whole_file = 0;
};

/// Where an object was put whose first segment lies in this mapping of its
/// file.
Placement placement_of(const ProgramHeaders &headers, const Mapping &mapping,
                       std::size_t page);

/// The parts of one object, by ascending address, without a hole: what lies
/// between two segments is a gap.
class Layout {
public:
  /// Linkers make four to six; each segment is at most three parts and a gap.
  static constexpr std::size_t max_parts = 64;

  /// Units:   pages of the placement, whatever the machine has.
  /// Errors:  no_segments, overflow, misaligned, overlapping, size_lie,
  ///          relro_outside, relro_twice, dynamic_outside, too_many_headers.
  static Refusable<Layout, Flaw> create(const ProgramHeaders &headers,
                                        Placement placement);
  /// The same into `layout`, for small stacks; on errors it holds nothing of
  /// use.
  static Refusable<void, Flaw> create(const ProgramHeaders &headers,
                                      Placement placement, Layout &layout);

  /// Pages that belong to no file: one part.
  void set_pages(PartKind kind, PageRange range);

  std::span<const Part> parts() const { return parts_.view(); }
  /// First to last page.
  PageRange extent() const;

  /// Where the dynamic section lies in memory, inside one segment. Empty if
  /// there is none.
  Address dynamic_begin() const { return dynamic_begin_; }
  std::size_t dynamic_size() const { return dynamic_size_; }

private:
  friend class LayoutBuilder;
  void clear();
  InlineVector<Part, max_parts> parts_;
  Address dynamic_begin_ = 0;
  std::size_t dynamic_size_ = 0;
};

}  // namespace memseal::elf
