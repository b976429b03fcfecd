// SPDX-License-Identifier: Apache-2.0
#include "process/segment.h"

namespace memseal::process {

const char *name(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::text:
      return "text";
    case SegmentKind::rodata:
      return "rodata";
    case SegmentKind::relro:
      return "relro";
    case SegmentKind::gap:
      return "gap";
    case SegmentKind::vdso:
      return "vdso";
    case SegmentKind::vvar:
      return "vvar";
    case SegmentKind::data:
      return "data";
    case SegmentKind::heap:
      return "heap";
    case SegmentKind::stack:
      return "stack";
    case SegmentKind::jit:
      return "jit";
    case SegmentKind::file:
      return "file";
    case SegmentKind::shared:
      return "shared";
    case SegmentKind::reserved:
      return "reserved";
    case SegmentKind::anonymous:
      return "anonymous";
    case SegmentKind::kernel:
      return "kernel";
  }
  return "unknown";
}

bool is_sealable(SegmentKind kind) {
  return kind == SegmentKind::text || kind == SegmentKind::rodata ||
         kind == SegmentKind::relro || kind == SegmentKind::gap ||
         kind == SegmentKind::vdso || kind == SegmentKind::vvar;
}

const char *Segment::engine() const {
  if (native)
    return filter.empty() && !kept ? "native" : "strict";
  if (kept)
    return "keeper";
  return filter.empty() ? "" : "filter";
}

}  // namespace memseal::process
