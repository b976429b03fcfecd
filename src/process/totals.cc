// SPDX-License-Identifier: Apache-2.0
#include "process/process_view.h"

namespace memseal::process {

Totals ProcessView::totals() const {
  Totals totals;
  auto count = [](Share &share, const Segment &segment) {
    share.bytes += segment.range.size();
    share.sealed += segment.sealed() ? segment.range.size() : 0;
    share.claimed += segment.claimed() ? segment.range.size() : 0;
  };
  for (const Object &object : objects) {
    for (const Segment &segment : object.segments) {
      if (is_sealable(segment.kind))
        count(totals.sealable, segment);
      switch (segment.kind) {
        case SegmentKind::text:
        case SegmentKind::vdso:
          count(totals.executable, segment);
          break;
        case SegmentKind::rodata:
        case SegmentKind::vvar:
          count(totals.read_only, segment);
          break;
        case SegmentKind::relro:
          count(totals.relro, segment);
          break;
        case SegmentKind::gap:
          count(totals.gaps, segment);
          break;
        case SegmentKind::jit:
          count(totals.jit, segment);
          break;
        case SegmentKind::kernel:
          break;
        default:
          count(totals.other, segment);
      }
    }
  }
  return totals;
}

const char *ProcessView::engine() const {
  std::string_view found;
  for (const Object &object : objects) {
    for (const Segment &segment : object.segments) {
      if (!is_sealable(segment.kind) || !segment.sealed())
        continue;
      if (!found.empty() && found != segment.engine())
        return "several";
      found = segment.engine();
    }
  }
  return found.empty() ? "" : found.data();
}

const char *ProcessView::libc() const {
  for (const Object &object : objects) {
    std::string_view file = object.name;
    file.remove_prefix(file.rfind('/') + 1);
    if (file.starts_with("ld-musl-") || file.starts_with("libc.musl-"))
      return "musl";
    if (file == "libc.so.6" || file.starts_with("ld-linux"))
      return "glibc";
  }
  return "none";
}

}  // namespace memseal::process
