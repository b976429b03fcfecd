// SPDX-License-Identifier: Apache-2.0
// What a supervisor makes of a call.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "report/violation.h"
#include "supervisor/memory_call.h"

struct seccomp_data;
struct seccomp_notif_resp;

namespace memseal::supervisor {

struct Verdict {
  enum class Kind : std::uint8_t {
    proceed,  ///< the kernel does it
    answer,   ///< the kernel does nothing and returns `value`
  } kind = Kind::proceed;
  long value = 0;             ///< as the kernel returns it: -EPERM
  bool violation = false;     ///< a seal forbids the call
  std::uint64_t version = 0;  ///< of what is known of the image; 0: unknown

  /// The errno that the call fails with; 0: the caller is told a success.
  int error() const {
    return value < 0 && value >= -4095 ? static_cast<int>(-value) : 0;
  }
};

/// Into the words of the kernel: `response` gets the verdict, and keeps its id.
void encode(const Verdict &verdict, seccomp_notif_resp &response);

/// What became of a call that a seal forbids.
report::CallOutcome outcome_of(const Verdict &verdict);

/// Decides over the calls that a filter asks about.
class Judge {
public:
  virtual ~Judge() = default;

  /// One call of a thread that waits for it. `call` is the decoded `data`; what
  /// is found out about it may be added.
  virtual Verdict judge(pid_t thread, const seccomp_data &data,
                        MemoryCall &call) = 0;
};

/// Decodes a call into `call` and has it judged. Without memory to do so
/// nothing goes on: the call fails with ENOMEM.
///
/// Units:   `page` is the page size of the caller.
Verdict decide(Judge &judge, pid_t thread, const seccomp_data &data,
               std::size_t page, MemoryCall &call);

}  // namespace memseal::supervisor
