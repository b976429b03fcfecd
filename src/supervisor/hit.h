// SPDX-License-Identifier: Apache-2.0
// A call that sealing forbids, as it is told to a user.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "memseal/page_range.h"
#include "vm/enforcement.h"

struct seccomp_data;

namespace memseal::supervisor {

/// Pages of one part of one object.
struct Guarded {
  PageRange range;
  std::string object;
  std::string part;  ///< "text", "rodata", "relro", ...
};

/// What became of calls on guarded pages.
struct DeskCounts {
  std::uint64_t hits = 0;
  std::uint64_t stale = 0;     ///< from an image that was executed later
  std::uint64_t vanished = 0;  ///< the thread ended before it was answered
};

/// One function on the way to the call, innermost first.
struct Frame {
  std::uint64_t address = 0;
  std::string function;  ///< empty: no symbol
  std::string object;
  std::string source;  ///< "file.c:12", empty: no debug information
};

/// The way to a call: one for all calls from the same place.
struct Backtrace {
  std::uint64_t number = 0;   ///< no two of a supervisor's have the same
  std::vector<Frame> frames;  ///< innermost first; empty: not told
};

struct Hit {
  pid_t pid = 0, tid = 0;
  std::string program;               ///< the process's name
  std::string name;                  ///< "mprotect"
  std::string call;                  ///< with its arguments, decoded
  const Guarded *guarded = nullptr;  ///< null: not known; for a moment
  std::uint64_t offset = 0;  ///< of the first touched byte, into the object
  const Backtrace *from = nullptr;  ///< never null in a hit that is told
};

/// The call with its arguments decoded: mprotect(0x7f..., 4096, PROT_READ).
/// `name` alone is what stands before the bracket.
std::string call_name(const seccomp_data &data);
std::string call_text(const seccomp_data &data);

}  // namespace memseal::supervisor
