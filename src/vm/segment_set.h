// SPDX-License-Identifier: Apache-2.0
// The segments of loaded objects that somebody wants sealed, as users name
// them: --segments=text,rodata,relro.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace memseal {

struct SegmentSet {
  bool text = true;    ///< code, and the gaps between an object's segments
  bool rodata = true;  ///< read-only data
  bool relro = true;   ///< data that is read-only once it is relocated

  friend constexpr bool operator==(SegmentSet, SegmentSet) = default;
};

inline constexpr SegmentSet every_segment{};
inline constexpr SegmentSet no_segment{false, false, false};

/// Each segment's name.
inline constexpr std::array<std::pair<std::string_view, bool SegmentSet::*>, 3>
    segment_names{{{"text", &SegmentSet::text},
                   {"rodata", &SegmentSet::rodata},
                   {"relro", &SegmentSet::relro}}};

}  // namespace memseal
