// SPDX-License-Identifier: Apache-2.0
// A process to attach to: its threads wait and work in all the ways that a
// tracer might disturb.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace memseal::test {

/// What the victim says of itself, in memory shared with the test.
struct Diary {
  std::atomic<std::uint64_t> computed{0};  ///< rounds of the working thread
  std::atomic<std::uint64_t> wrong{0};     ///< a register or an answer was lost
  std::atomic<std::uint64_t> polled{0};    ///< rounds of the epoll thread
  std::atomic<std::uint64_t> interrupted{0};  ///< EINTR, in any thread
  std::atomic<std::uint64_t> waited{0};       ///< rounds of the signal thread
  std::atomic<std::uint64_t> slept{0};        ///< rounds of the first thread
  std::atomic<std::uint64_t> handled{0};      ///< signals that the handler saw
  std::atomic<int> ready{0};
  std::atomic<int> command{0};
  std::atomic<int> answer{0};
};

class Victim {
public:
  enum class Seccomp { none, kills_mseal };

  explicit Victim(Seccomp seccomp = Seccomp::none);
  Victim(const Victim &) = delete;
  Victim &operator=(const Victim &) = delete;
  ~Victim();

  pid_t pid() const { return pid_; }
  Diary &diary() { return *diary_; }

  /// Whether every thread has got on since the call began, within seconds.
  bool gets_on();
  /// Has the victim mprotect its own text; returns 0 or the errno.
  int mprotect_answer();
  /// Has the victim call mseal over nothing.
  void ask_mseal();

private:
  pid_t pid_ = 0;
  Diary *diary_ = nullptr;
};

}  // namespace memseal::test
