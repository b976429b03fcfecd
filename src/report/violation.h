// SPDX-License-Identifier: Apache-2.0
// A call that a seal forbids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memseal/page_range.h"
#include "report/timestamp.h"

namespace memseal::report {

/// Pages of one segment of one object that are sealed, or would be.
struct SealedRange {
  PageRange range;
  std::string object;
  std::string segment;  ///< "text", "rodata", "relro", ...
};

/// What became of the call.
enum class CallOutcome : std::uint8_t {
  denied,     ///< it failed, with an errno
  no_effect,  ///< it was told a success, and nothing changed: shmdt, brk
  permitted,  ///< it went on: `memseal trace`
};
/// "denied", "no effect", "permitted".
const char *name(CallOutcome outcome);

/// One function on the way to the call.
struct Frame {
  std::uint64_t address = 0;
  std::string function;  ///< empty: no symbol
  std::string object;    ///< path; empty: none
  std::string source;    ///< "file.c:12"; empty: no debug information
};

/// The way to a call: one for all calls from the same place.
struct Backtrace {
  std::uint64_t number = 0;   ///< no two of a supervisor's have the same
  std::vector<Frame> frames;  ///< innermost first; empty: not known
};

struct Violation {
  Timestamp time;
  int pid = 0, tid = 0;
  std::string_view program;  ///< path of what the process executes
  std::string thread;        ///< name of the thread
  std::string call;          ///< "mprotect"
  std::string text;  ///< with its arguments: "mprotect(0x7f..., 4096, ...)"
  CallOutcome outcome = CallOutcome::denied;
  int sys_errno = 0;  ///< that it was denied with
  /// What it touches first, if that is known. As the program's path it lives as
  /// long as whoever described the violation says.
  const SealedRange *sealed = nullptr;
  std::optional<PageRange> touched{};
  std::uint64_t offset = 0;  ///< of the first touched byte, into the object
  const Backtrace *callers = nullptr;  ///< null: not known
};

/// What a supervisor has seen, at its end.
struct ViolationCounts {
  std::uint64_t violations = 0;
  std::uint64_t stale = 0;     ///< by a program that was executed later: none
  std::uint64_t vanished = 0;  ///< the thread ended before it was answered
  std::uint64_t lost = 0;      ///< lines that could not be written
};

}  // namespace memseal::report
