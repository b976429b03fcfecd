// SPDX-License-Identifier: Apache-2.0
// What all records have in common: the three forms they are written in, and
// their head.
//
//   text        memseal: NAME[PID]: ...          for people, standard error
//   dated_text  TIME NAME[PID]: ...              for people, a file
//               (or [PID/TID], where a thread is meant)
//   json        {"schema":1,"type":"...","time":"...","pid":...,"program":"..."
//
// A record is one line, whatever the names in it hold: JSON is ASCII and always
// valid, and in text what could end a line is escaped.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text_writer.h"
#include "report/timestamp.h"

namespace memseal::report {

/// Of the JSON, as packaging/report.schema.json describes it. A member more
/// keeps the number, any other change takes the next one.
inline constexpr unsigned schema = 1;

enum class Form : std::uint8_t { text, dated_text, json };

/// "-" is standard error; JSON if the name ends in ".json".
Form form_of(std::string_view file);

/// The process that a record is about.
struct Subject {
  Timestamp time;
  int pid = 0;
  int tid = 0;               ///< 0: no thread of it is meant
  std::string_view program;  ///< path of what it executes
};

/// Begins a line: without the brace that ends JSON, or with ": " behind it.
TextWriter &write_head(TextWriter &out, Form form, const char *type,
                       const Subject &subject);

}  // namespace memseal::report
