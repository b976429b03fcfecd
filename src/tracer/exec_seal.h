// SPDX-License-Identifier: Apache-2.0
// Seals one program on its way from exec to its own code.
#pragma once

#include <optional>
#include <vector>

#include "process/remote_memory.h"
#include "tracer/launch.h"
#include "tracer/tracee.h"

namespace memseal::tracer {

/// One exec. The thread is stopped whenever a member is called, and is to be
/// resumed as the answer says.
class ExecSeal {
public:
  enum class Next : std::uint8_t { watch_calls, wait_for_entry, done };

  ExecSeal(const Tracee &thread, const LaunchOptions &options);

  /// In the stop behind execve.
  Next at_exec();
  /// At the entry or the exit of a call the program makes while it starts.
  Next at_call();
  bool is_at_entry() const;
  Next at_entry();

  const Launched &launched() const { return launched_; }
  /// The filter's listener, once done; -1: none.
  int listener() const { return listener_; }

private:
  Next wait_for_relro(const process::Mappings &space,
                      const process::RemoteMemory &memory);
  Next wait_for_entry(process::RemoteAddress entry);
  bool protects_relro(const Registers &registers) const;
  void seal(Moment moment);
  Result<void> make_calls(const process::Mappings &space,
                          const process::RemoteMemory &memory,
                          const SealPlan &plan);
  void note_failure(const PageRange &range, long answer);
  Result<void> install_filter();
  void note_no_filter(const Error &error);
  Next finish();

  Tracee thread_;
  const LaunchOptions &options_;
  Launched launched_;
  std::vector<PageRange> relro_;
  process::RemoteAddress entry_;
  int listener_ = -1;
  bool inside_call_ = false;
  int stops_left_;
};

}  // namespace memseal::tracer
