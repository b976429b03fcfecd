// SPDX-License-Identifier: Apache-2.0
// When something happened.
#pragma once

#include <cstdint>

#include "base/text_writer.h"

namespace memseal::report {

/// Since the beginning of 1970, UTC, without leap seconds.
struct Timestamp {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;

  static Timestamp now();
};

/// As RFC 3339 has it, to the microsecond: "2026-11-29T22:01:02.000123Z".
///
/// Needs:   a year from 1970 to 9999.
TextWriter &write(TextWriter &out, Timestamp time);

}  // namespace memseal::report
