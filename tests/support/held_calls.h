// SPDX-License-Identifier: Apache-2.0
// System calls of this process, stopped at the door: a filter with a listener,
// and a thread that answers.
#pragma once

#include <linux/seccomp.h>

#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace memseal::test {

/// Calls of some numbers, by threads that are made after this object, go to
/// `judge` first; it runs in the answering thread.
///
/// A call that is held has passed every filter that was there when it began,
/// and has done nothing yet. Its thread sleeps in it and takes no signal.
class HeldCalls {
public:
  enum class ReturnValue : std::uint8_t { go_on, hold };
  using Judge = std::function<ReturnValue(const seccomp_notif &)>;

  /// Why this kernel cannot do it; empty if it can. Linux 5.19.
  static std::string missing();

  HeldCalls(std::initializer_list<long> numbers, Judge judge);

  /// Until so many calls are held.
  void wait_until_held(std::size_t count);
  /// Lets all of them go on.
  void let_go();

private:
  void serve();
  void go_on(std::uint64_t id) const;

  int listener_ = -1;
  Judge judge_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> held_;
};

}  // namespace memseal::test
