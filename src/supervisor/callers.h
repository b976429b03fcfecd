// SPDX-License-Identifier: Apache-2.0
// Who made the call: names for the program counter of a thread that waits in
// the kernel, and for those it will return to.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "process/remote_memory.h"
#include "report/violation.h"
#include "supervisor/thread_files.h"

struct Dwfl;

namespace memseal::supervisor {

/// One process image. The first look costs milliseconds (elfutils reads the
/// symbols of all objects), the next ones from the same place microseconds.
///
/// The thread is not traced: of its registers the kernel tells two, program
/// counter and stack pointer (/proc/TID/syscall). They suffice to unwind code
/// that was compiled without frame pointers; where another register is needed,
/// the way back ends.
class Callers {
public:
  explicit Callers(pid_t pid);
  ~Callers();
  Callers(const Callers &) = delete;
  Callers &operator=(const Callers &) = delete;

  /// The frames of a thread that waits in a call; none if the kernel does not
  /// tell. Stays where it is until the next call of this.
  const report::Backtrace &of(pid_t tid, const ThreadPosition &place);

private:
  std::vector<report::Frame> unwind(pid_t tid);
  report::Frame name(std::uint64_t address, bool returns_to) const;

  pid_t pid_;
  Result<process::RemoteMemory> memory_;
  Dwfl *dwfl_ = nullptr;
  bool attached_ = false;
  // Where the thread is, and the first word of its stack: the return address of
  // the C library's wrapper.
  using Place = std::pair<std::uint64_t, std::uint64_t>;
  std::map<Place, report::Backtrace> known_;

public:
  // For elfutils' callbacks.
  pid_t thread_ = 0;
  std::uint64_t counter_ = 0, stack_ = 0;
  bool read_word(std::uint64_t address, std::uint64_t &word) const;
};

}  // namespace memseal::supervisor
