// SPDX-License-Identifier: Apache-2.0
// What became of one part of one object: the record "seal".
//
// Text, behind the head of every record:
//   OBJECT BEGIN-END SEGMENT sealed ENGINE
//   OBJECT BEGIN-END SEGMENT not sealed: SENTENCE
//   OBJECT SEGMENT not sealed: SENTENCE        (where it lies is not known)
//   OBJECT not sealed: SENTENCE                (its segments are not known)
// JSON: object, segment, begin, end, sealed, and engine or reason and sentence;
// memory, of RELRO that mseal(2) seals; slots, of the
// segment "slots", how many; errno, if the kernel refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "memseal/page_range.h"
#include "report/reason.h"
#include "report/record.h"

namespace memseal::report {

/// No line is longer: two paths, of which JSON may need six bytes for one.
inline constexpr std::size_t longest_seal_line = std::size_t{56} * 1024;

struct SealLine {
  Subject subject;
  std::string_view object;
  std::string_view segment{};        ///< "text"; empty: the whole object
  std::optional<PageRange> range{};  ///< none: not known
  Outcome outcome{};
  /// Of sealed RELRO, where that matters: "anonymous", or "file", which
  /// mseal(2) lets advice discard.
  std::string_view memory{};
  std::size_t slots = 0;      ///< of the segment "slots": how many it is about
  std::string_view engine{};  ///< who seals it, if somebody does
  std::string_view sentence{};  ///< instead of the outcome's own
};

/// With its newline.
void write(TextWriter &out, Form form, const SealLine &line);

}  // namespace memseal::report
